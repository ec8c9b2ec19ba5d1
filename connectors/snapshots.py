"""Which tables need a snapshot that the connector does not take by itself, and the order for it.

A new connector snapshots everything that it captures. A table or column that enters the contracts later has rows
that were never published: Debezium reads them again on a signal, beside the running stream. What a snapshot was
ordered for stands in ``dataflix.snapshots``, written in the transaction of the signal: neither is there alone.
"""

import json
from collections.abc import Collection, Mapping
from uuid import uuid4

from connectors.postgres import Connection
from dataflix.contracts import Contracts


def without_snapshot(contracts: Contracts, ordered: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The tables (``schema.table``) of which a column was not in the last snapshot that was ``ordered``."""
    return tuple(
        table.source for table in contracts if not set(table.by_name) <= ordered.get(table.source, frozenset())
    )


def snapshot_signal(tables: tuple[str, ...]) -> str:
    """The data of the signal that makes Debezium read ``tables`` again."""
    return json.dumps({"type": "incremental", "data-collections": list(tables)})


def read_ordered(connection: Connection) -> dict[str, frozenset[str]]:
    """The columns of the last snapshot of each table."""
    rows = connection.execute("SELECT source_table, columns FROM dataflix.snapshots").fetchall()
    return {str(table): frozenset(columns) for table, columns in rows if isinstance(columns, list)}


def record(connection: Connection, contracts: Contracts) -> None:
    """Note that every table of the contracts has a snapshot, or one under way, of exactly its columns."""
    with connection.transaction():
        connection.execute("DELETE FROM dataflix.snapshots")
        for table in contracts:
            connection.execute(
                "INSERT INTO dataflix.snapshots (source_table, columns) VALUES (%s, %s)",
                [table.source, list(table.by_name)],
            )


def order_missing(connection: Connection, contracts: Contracts) -> tuple[str, ...]:
    """Signal a snapshot of the tables that lack one; their names."""
    with connection.transaction():
        ordered = read_ordered(connection)
        if ordered == {table.source: frozenset(table.by_name) for table in contracts}:
            return ()
        if tables := without_snapshot(contracts, ordered):
            _signal(connection, tables)
        record(connection, contracts)
    return tables


def forget(connection: Connection, tables: Collection[str]) -> None:
    """Note that the last snapshot of ``tables`` (``schema.table``) is worth nothing any more."""
    if tables:
        connection.execute(
            "UPDATE dataflix.snapshots SET columns = '{}' WHERE source_table = ANY (%s) AND columns <> '{}'",
            [list(tables)],
        )


def order_forgotten(connection: Connection, contracts: Contracts, *, except_for: Collection[str]) -> tuple[str, ...]:
    """Signal a snapshot of the tables whose last one was forgotten, ``except_for`` some; their names."""
    with connection.transaction():
        tables = []
        for table in contracts:
            if table.source in except_for:
                continue
            ordered = connection.execute(
                "UPDATE dataflix.snapshots SET columns = %s, ordered_at = now() "
                "WHERE source_table = %s AND columns = '{}' RETURNING source_table",
                [list(table.by_name), table.source],
            )
            if ordered.fetchone():
                tables.append(table.source)
        if tables:
            _signal(connection, tuple(tables))
    return tuple(tables)


def _signal(connection: Connection, tables: tuple[str, ...]) -> None:
    connection.execute(
        "INSERT INTO dataflix.signals (id, type, data) VALUES (%s, 'execute-snapshot', %s)",
        [str(uuid4()), snapshot_signal(tables)],
    )
