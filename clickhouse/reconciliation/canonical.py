"""Canonical rows: each database writes the same text for the same value, and null stays null. Pure.

A row is a tuple of texts in the order of the contract's columns. Numbers lose trailing zeros, times are UTC with six
decimals, text is itself up to ``LONG_TEXT`` bytes and a SHA-256 beyond, so that a row stays small whatever it holds.
A value that only one side can hold (infinity as a time, say) has a text that the other side never writes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clickhouse.raw_tables import RAW_DATABASE
from dataflix import masked_events as events
from dataflix.column_types import Kind
from dataflix.contracts import Column, Table
from dataflix.masking import mask_for

Row = tuple[str | None, ...]
Block = Sequence[Row]
Finish = Callable[[str | None], str | None]

LONG_TEXT = 1_024  # bytes
_TIME = "'YYYY-MM-DD HH24:MI:SS.US'"
_NUMBERS: dict[Kind, Callable[[str], Any]] = {
    Kind.SMALLINT: int,
    Kind.INTEGER: int,
    Kind.BIGINT: int,
    Kind.NUMERIC: Decimal,
    Kind.DOUBLE: float,
}


def source_query(table: Table, condition: str = "true") -> str:
    """The canonical rows of the source table, in the order of its key, for a PostgreSQL session in UTC and ISO dates.

    Values of masked columns come as they are: ``Finisher.source`` masks them. ``condition`` leaves rows out.
    """
    columns = ",\n    ".join(f'{_in_postgresql(table, column)} AS "{column.name}"' for column in table.columns)
    # texts are compared byte by byte, as ClickHouse does
    order = ", ".join(
        f't."{column.name}"' + (' COLLATE "C"' if column.type.kind is Kind.TEXT else "") for column in table.key_columns
    )
    return (
        f'SELECT\n    {columns}\nFROM "{table.source_schema}"."{table.table}" AS t\nWHERE {condition}\nORDER BY {order}'
    )


def raw_query(table: Table, condition: str = "true") -> str:
    """The canonical rows of the raw table, newest versions only and without deleted rows, in the order of its key.

    ``condition`` leaves rows out.
    """
    columns = ",\n    ".join(f"{_in_clickhouse(table, column)} AS `text_{column.name}`" for column in table.columns)
    # ClickHouse orders UUIDs by their second half first
    order = ", ".join(
        f"toString(`{column.name}`)" if column.type.kind is Kind.UUID else f"`{column.name}`"
        for column in table.key_columns
    )
    return (
        f"SELECT\n    {columns}\nFROM {RAW_DATABASE}.`{table.table}` FINAL\n"
        f"WHERE {events.DELETED} = 0 AND {condition}\nORDER BY {order}"
    )


@dataclass(frozen=True, slots=True)
class Finisher:
    """What is left to do in Python, by position of the column: masking, and floats in one spelling."""

    source: dict[int, Finish]
    raw: dict[int, Finish]

    @classmethod
    def of(cls, table: Table, masking_key: bytes) -> "Finisher":
        """The finisher for rows of ``table``, masked under ``masking_key``."""
        floats: dict[int, Finish] = {
            position: _spell_float for position, column in enumerate(table.columns) if column.type.kind is Kind.DOUBLE
        }
        masks = {position: mask_for(column.mask, masking_key) for position, column in enumerate(table.columns)}
        return cls({**floats, **{position: mask for position, mask in masks.items() if mask}}, floats)


def finish(block: Block, finishing: dict[int, Finish]) -> Block:
    """``block`` with the columns of ``finishing`` replaced."""
    if not finishing:
        return block
    columns: list[Sequence[str | None]] = list(zip(*block, strict=True))
    for position, function in finishing.items():
        columns[position] = [function(value) for value in columns[position]]
    return list(zip(*columns, strict=True))


def key_reader(table: Table) -> Callable[[Row], tuple[Any, ...]]:
    """The function from a canonical row to its key, which compares as both databases order it."""
    parts = [
        (position, _NUMBERS.get(column.type.kind, str))
        for position, column in enumerate(table.columns)
        if column.name in table.key
    ]
    parts.sort(key=lambda part: table.key.index(table.columns[part[0]].name))
    return lambda row: tuple(read(row[position] or "") for position, read in parts)


def _in_postgresql(table: Table, column: Column) -> str:
    name = f't."{column.name}"'
    match column.type.kind:
        case Kind.NUMERIC:
            return f"trim_scale({name})::text"
        case Kind.TIMESTAMP:
            return f"coalesce(to_char({name}, {_TIME}), {name}::text)"
        case Kind.TIMESTAMPTZ:
            return f"coalesce(to_char({name} AT TIME ZONE 'UTC', {_TIME}), {name}::text)"
        case Kind.TEXT if _may_be_long(table, column):
            digest = f"'sha256:' || encode(sha256(convert_to({name}, 'UTF8')), 'hex')"
            return f"CASE WHEN octet_length({name}) > {LONG_TEXT} THEN {digest} ELSE {name} END"
        case _:
            return f"{name}::text"


def _in_clickhouse(table: Table, column: Column) -> str:
    name = f"`{column.name}`"
    if _may_be_long(table, column):
        return f"if(length({name}) > {LONG_TEXT}, concat('sha256:', lower(hex(SHA256({name})))), {name})"
    return f"toString({name})"


def _may_be_long(table: Table, column: Column) -> bool:
    """Whether a digest may stand for the text: not where it is masked in Python, nor where it orders the rows."""
    return column.type.kind is Kind.TEXT and column.mask is None and column.name not in table.key


def _spell_float(text: str | None) -> str | None:
    """One spelling for each double: ``1e+20`` and ``100000000000000000000``, -0 and 0, ``inf`` and ``Infinity``."""
    return None if text is None else repr(float(text) + 0.0)
