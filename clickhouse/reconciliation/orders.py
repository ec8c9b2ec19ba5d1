"""What a repair sends into the stream: signals that make Debezium read rows again, and events of deletions that raw
has missed. Pure.

Versions decide whether a repair is right (docs/adr/0002-row-versions.md). It has to beat the row that is wrong, and to
lose against every later change of the source. What the incremental snapshot of a signal reads carries the last commit
of the stream, which is the signal's or a later one. A deletion has nothing that could be read, so its version is made
here, from the position of the log before a commit of our own, the fence: whoever writes the row after the fence comes
later in the stream, and carries the fence's commit or a later one; whoever wrote it before is seen when the source is
asked after the fence.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import psycopg
from psycopg import sql

from clickhouse.reconciliation.comparison import Difference
from dataflix.column_types import Kind
from dataflix.contracts import Table

Key = Mapping[str, int | str]

# Kinds whose keys Debezium, ClickHouse and the comparison write alike: others would be another row to whoever reads
# the topic.
_PLAIN_KEYS = frozenset({Kind.SMALLINT, Kind.INTEGER, Kind.BIGINT, Kind.TEXT, Kind.UUID})


def has_plain_key(table: Table) -> bool:
    """Whether everybody writes the keys of ``table`` alike: a deletion can be written as Debezium writes it."""
    return all(column.type.kind in _PLAIN_KEYS for column in table.key_columns)


def names_rows(table: Table, differences: Sequence[Difference]) -> sql.Composed:
    """The condition of PostgreSQL for the rows of ``differences``."""
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in table.key)
    keys = sql.SQL(", ").join(
        sql.SQL("({})").format(
            sql.SQL(", ").join(_literal(table, name, value) for name, value in difference.key.items())
        )
        for difference in differences
    )
    return sql.SQL("({}) IN ({})").format(columns, keys)


def read_again(table: Table, condition: str) -> str:
    """The data of the signal that makes Debezium read the rows of ``condition`` again."""
    conditions = [{"data-collection": table.source, "filter": condition}]
    order = {"type": "incremental", "data-collections": [table.source], "additional-conditions": conditions}
    return orjson.dumps(order).decode()


def deletion(table: Table, key: Key, position: int, now_us: int) -> tuple[bytes, bytes]:
    """Key and value of the change event that deletes the row, as of ``position`` (bytes) of the source's log."""
    source: dict[str, Any] = {
        "schema": table.source_schema,
        "table": table.table,
        "sequence": orjson.dumps([str(position), str(position)]).decode(),
        "lsn": position,
        "txId": None,
        "ts_us": now_us,
    }
    event = {"before": dict(key), "after": None, "source": source, "op": "d", "ts_ms": now_us // 1_000}
    return orjson.dumps(dict(key)), orjson.dumps(event)


def _literal(table: Table, name: str, value: int | str) -> sql.Composable:
    kind = table.by_name[name].type
    # what the comparison reads is UTC without saying so
    text = f"{value}+00" if kind.kind is Kind.TIMESTAMPTZ else str(value)
    return sql.SQL("{}::{}").format(sql.Literal(text), sql.SQL(str(kind)))


def as_text(connection: psycopg.Connection[Any], condition: sql.Composed) -> str:
    """``condition`` as the connection would send it."""
    return condition.as_string(connection)
