"""Whether the source still is what the contracts say: findings, table by table. Pure.

Some findings stop a table: what the stream would carry of it is no longer what its contract promises. The others are
reported, and nothing stops: a column that no contract names is not published anyway.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dataflix.contracts import Column, Contracts, Table

PUBLICATION = "dataflix"

CATALOGUE = f"""
    SELECT n.nspname::text, c.relname::text, a.attname::text,
           format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE a.atttypid END,
                       CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END),
           NOT (a.attnotnull OR t.typnotnull),
           coalesce(a.attname = ANY (p.attnames), false)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_publication_tables p
        ON p.pubname = '{PUBLICATION}' AND p.schemaname = n.nspname AND p.tablename = c.relname
    WHERE c.relkind IN ('r', 'p') AND n.nspname || '.' || c.relname = ANY (%s)
    ORDER BY 1, 2, a.attnum
"""  # noqa: S608  # a constant
"""What PostgreSQL has of the tables that its parameter names (an array of ``schema.table``): rows for `structures`.

Any role may ask: names and types of columns, no row of theirs.
"""

_TEXT = re.compile(r"(character varying|character)(\(\d+\))?")
_TIME = re.compile(r"timestamp(?:\(\d\))? (with|without) time zone")


class DriftKind(StrEnum):
    """How the source and a contract can differ."""

    ADDED = "added"
    DROPPED = "dropped"
    RENAMED = "renamed"
    RETYPED = "retyped"
    NULLABILITY = "nullability"
    UNPUBLISHED = "unpublished"
    TABLE_GONE = "table gone"

    @property
    def stops(self) -> bool:
        """Whether the table must not go on."""
        return self not in (DriftKind.ADDED, DriftKind.NULLABILITY)


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column as PostgreSQL has it."""

    name: str
    type: str  # as a contract would spell it
    nullable: bool
    published: bool = True


Structure = tuple[SourceColumn, ...]  # of one table, in its order


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between the source and the contract of ``table``. ``message`` says what to do."""

    table: str
    kind: DriftKind
    column: str  # empty where it is about the table
    message: str

    @property
    def stops(self) -> bool:
        """Whether the table must not go on."""
        return self.kind.stops


def structures(rows: Iterable[tuple[Any, ...]]) -> dict[str, Structure]:
    """The rows of CATALOGUE by ``schema.table``."""
    columns: defaultdict[str, list[SourceColumn]] = defaultdict(list)
    for schema, table, name, type_, nullable, published in rows:
        columns[f"{schema}.{table}"].append(SourceColumn(name, _as_a_contract(type_), nullable, published))
    return {table: tuple(found) for table, found in columns.items()}


def _as_a_contract(type_: str) -> str:
    """``type_`` of PostgreSQL in the words of contracts, where the stream carries it in the same way."""
    if _TEXT.fullmatch(type_):
        return "text"
    if match := _TIME.fullmatch(type_):
        return "timestamptz" if match[1] == "with" else "timestamp"
    return type_


def drift(contracts: Contracts, found: Mapping[str, Structure]) -> tuple[Finding, ...]:
    """All findings, in the order of the contracts."""
    return tuple(finding for table in contracts for finding in compare(table, found.get(table.source)))


def compare(table: Table, found: Structure | None) -> tuple[Finding, ...]:
    """What differs between ``table`` and the source, which has ``found`` in its place; None when it has no such table.

    That a column was renamed is a guess: one is gone, and one of the same type is there that no contract names.
    """
    if not found:
        message = f"The source has no table {table.source}: bring it back, or remove contracts/{table.name}.yml."
        return (Finding(table.name, DriftKind.TABLE_GONE, "", message),)
    return (*_gone_and_new(table, found), *_changed(table, found))


def _gone_and_new(table: Table, found: Structure) -> Iterator[Finding]:
    there = {column.name for column in found}
    new = [column for column in found if column.name not in table.by_name]
    for column in table.columns:
        if column.name in there:
            continue
        successor = _successor(column, new)
        if successor:
            new.remove(successor)
            yield _renamed(table, column, successor)
        else:
            yield _dropped(table, column)
    yield from (_added(table, added) for added in new)


def _successor(gone: Column, new: list[SourceColumn]) -> SourceColumn | None:
    """The column that ``gone`` may have become. One that is published was under contract, whatever its name is now."""
    alike = [column for column in new if column.type == str(gone.type)]
    return min(alike, key=lambda column: (not column.published, column.nullable != gone.nullable), default=None)


def _changed(table: Table, found: Structure) -> Iterator[Finding]:
    present = {column.name: column for column in found}
    pairs = [(column, present[column.name]) for column in table.columns if column.name in present]
    for column, source in pairs:
        if source.type != str(column.type):
            yield _retyped(table, column, source)
        elif source.nullable and not column.nullable:
            yield _nullable(table, column)
    unpublished = [source.name for _, source in pairs if not source.published]
    if unpublished:
        yield _unpublished(table, unpublished, whole=not any(column.published for column in found))


def _dropped(table: Table, column: Column) -> Finding:
    return Finding(
        table.name,
        DriftKind.DROPPED,
        column.name,
        f"The column {column.name} of {table.source} was dropped at the source: add it again as {column.type}, or take "
        f"it out of contracts/{table.name}.yml; then run `bin/dataflix up`.",
    )


def _renamed(table: Table, column: Column, source: SourceColumn) -> Finding:
    return Finding(
        table.name,
        DriftKind.RENAMED,
        column.name,
        f"The column {column.name} of {table.source} is gone from the source, and {source.name} of the same type is "
        f"there, so it was probably renamed: name it {column.name} again, or let contracts/{table.name}.yml say "
        f"{source.name} and run `bin/dataflix up`.",
    )


def _retyped(table: Table, column: Column, source: SourceColumn) -> Finding:
    return Finding(
        table.name,
        DriftKind.RETYPED,
        column.name,
        f"The column {column.name} of {table.source} is {source.type} at the source and {column.type} in its contract: "
        f"give the source its type back, or change contracts/{table.name}.yml and run `bin/dataflix up`.",
    )


def _nullable(table: Table, column: Column) -> Finding:
    return Finding(
        table.name,
        DriftKind.NULLABILITY,
        column.name,
        f"The column {column.name} of {table.source} may be null at the source and not by its contract, so a row with "
        f"a null becomes a dead letter: set it NOT NULL, or say `nullable: true` in contracts/{table.name}.yml.",
    )


def _unpublished(table: Table, names: list[str], *, whole: bool) -> Finding:
    what = f"The table {table.source}" if whole else f"{', '.join(names)} of {table.source}"
    return Finding(
        table.name,
        DriftKind.UNPUBLISHED,
        "" if whole else names[0],
        f"{what} is not in the publication {PUBLICATION}, so its changes are not streamed: run `bin/dataflix up`, "
        "which puts it back, then `bin/dataflix verify --repair` for the deletions that were missed.",
    )


def _added(table: Table, column: SourceColumn) -> Finding:
    return Finding(
        table.name,
        DriftKind.ADDED,
        column.name,
        f"The column {column.name} ({column.type}) of {table.source} is in no contract and is not published: name it "
        f"in contracts/{table.name}.yml and run `bin/dataflix up` to have it, or leave it unpublished.",
    )
