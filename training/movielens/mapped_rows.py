"""Rows of ours that stand for rows of MovieLens one to one, and the tables that remember which stands for which."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from psycopg import sql

from training.source_database import Connection

BATCH = 10_000  # rows in one transaction
IMPORTS = "imports"  # the schema of the tables that remember

Item = TypeVar("Item")
Row = tuple[Any, ...]
Advance = Callable[[int], None]  # told of each batch how many rows it had


@dataclass(frozen=True, slots=True)
class Kind:
    """A table of the source, the columns that an import fills, and the table that remembers its ids."""

    table: str
    key: str
    columns: tuple[str, ...]
    mapping: str


def prepare_mapping(connection: Connection, kind: Kind) -> None:
    """Create the table that remembers; a deleted row is forgotten with its row there."""
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {mapping} (data_set text NOT NULL, movielens_id bigint NOT NULL, "
            "{key} bigint NOT NULL UNIQUE REFERENCES {table} ON DELETE CASCADE, PRIMARY KEY (data_set, movielens_id))"
        ).format(
            mapping=sql.Identifier(IMPORTS, kind.mapping),
            key=sql.Identifier(kind.key),
            table=sql.Identifier("public", kind.table),
        )
    )


def add_missing(
    connection: Connection,
    kind: Kind,
    data_set: str,
    items: Mapping[int, Item],
    row: Callable[[int, Item], Row],
    advance: Advance,
) -> tuple[dict[int, int], int]:
    """Add those of ``items`` that are not there yet; they are keyed by the ids of MovieLens.

    Returns our ids of all of them, and how many are new. ``row`` makes the values of ``kind.columns`` from our id and
    the item.
    """
    ids = _remembered(connection, kind, data_set)
    missing = [movielens_id for movielens_id in items if movielens_id not in ids]
    advance(len(items) - len(missing))
    _step_past(connection, kind)
    for batch in batches(missing, BATCH):
        with connection.transaction():
            new = dict(zip(batch, _next_ids(connection, kind, len(batch)), strict=True))
            rows = [(our_id, *row(our_id, items[movielens_id])) for movielens_id, our_id in new.items()]
            copy_rows(connection, sql.Identifier("public", kind.table), (kind.key, *kind.columns), rows)
            pairs = [(data_set, movielens_id, our_id) for movielens_id, our_id in new.items()]
            mapping = sql.Identifier(IMPORTS, kind.mapping)
            copy_rows(connection, mapping, ("data_set", "movielens_id", kind.key), pairs)
        ids |= new
        advance(len(batch))
    return ids, len(missing)


def copy_rows(connection: Connection, table: sql.Identifier, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """COPY ``rows`` into ``columns`` of ``table``."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)) as copy:
        for row in rows:
            copy.write_row(row)


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """``items`` in order, at most ``size`` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _remembered(connection: Connection, kind: Kind, data_set: str) -> dict[int, int]:
    query = sql.SQL("SELECT movielens_id, {} FROM {} WHERE data_set = %s").format(
        sql.Identifier(kind.key), sql.Identifier(IMPORTS, kind.mapping)
    )
    return {int(theirs): int(ours) for theirs, ours in connection.execute(query, [data_set])}  # type: ignore[call-overload]


def _step_past(connection: Connection, kind: Kind) -> None:
    """Let the sequence go on after the highest id, in case that somebody chose ids by hand."""
    connection.execute(
        sql.SQL(
            "SELECT setval({sequence}, highest) FROM (SELECT max({key}) AS highest FROM {table}) AS held "
            "WHERE highest > coalesce(pg_sequence_last_value({sequence}), 0)"
        ).format(sequence=_sequence(kind), key=sql.Identifier(kind.key), table=sql.Identifier("public", kind.table))
    )


def _next_ids(connection: Connection, kind: Kind, count: int) -> list[int]:
    query = sql.SQL("SELECT nextval({}) FROM generate_series(1, %s)").format(_sequence(kind))
    return [int(number) for (number,) in connection.execute(query, [count])]  # type: ignore[call-overload]


def _sequence(kind: Kind) -> sql.Composed:
    return sql.SQL("pg_get_serial_sequence({}, {})::regclass").format(
        sql.Literal(f"public.{kind.table}"), sql.Literal(kind.key)
    )
