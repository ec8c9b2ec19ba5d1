"""The publication `dataflix`: which tables and columns PostgreSQL lets out at all, taken from the contracts.

The rules are pure; `read_source` and `keep_publication` are the edge.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from connectors.grants import HEARTBEAT, SIGNALS, STREAM_SCHEMA
from connectors.postgres import Connection
from dataflix.contracts import Contracts, Table
from dataflix.errors import ContractViolation

PUBLICATION = "dataflix"
# Debezium reads its signals from the stream, and the heartbeat moves the slot while the tables are idle
STREAM_TABLES: dict[str, tuple[str, ...]] = {
    f"{STREAM_SCHEMA}.{SIGNALS}": ("id", "type", "data"),
    f"{STREAM_SCHEMA}.{HEARTBEAT}": ("id", "beat_at"),
}

Columns = Mapping[str, tuple[str, ...]]  # by "schema.table"


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table as PostgreSQL has it."""

    columns: frozenset[str]
    primary_key: frozenset[str]


def published(contracts: Contracts) -> Columns:
    """The columns that the publication lets out, by ``schema.table``."""
    return {table.source: tuple(table.by_name) for table in contracts} | STREAM_TABLES


def publication_sql(columns: Columns, *, exists: bool) -> sql.Composed:
    """CREATE PUBLICATION, or ALTER PUBLICATION where it ``exists``, to exactly ``columns``."""
    tables = sql.SQL(", ").join(
        sql.SQL("TABLE {} ({})").format(
            sql.Identifier(*source.split(".")), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        for source, names in sorted(columns.items())
    )
    verb = sql.SQL("ALTER PUBLICATION {} SET {}" if exists else "CREATE PUBLICATION {} FOR {}")
    return verb.format(sql.Identifier(PUBLICATION), tables)


def check_source(table: Table, source: SourceTable | None) -> None:
    """Raises ContractViolation when the source does not have what the contract of ``table`` promises."""
    contract = f"The contract {table.name}.yml"
    if source is None:
        raise ContractViolation(
            f"{contract} describes the table {table.source}, which the source does not have: add a migration that "
            "creates it, or remove the contract."
        )
    if missing := [name for name in table.by_name if name not in source.columns]:
        raise ContractViolation(
            f"{contract} lists {', '.join(missing)}, which the table {table.source} does not have: add a migration "
            "of the source, or remove the line from the contract."
        )
    if source.primary_key != set(table.key):
        raise ContractViolation(
            f"{contract} has the key {', '.join(table.key)}, but the primary key of {table.source} is "
            f"{', '.join(sorted(source.primary_key)) or 'missing'}: name the primary key, changes are keyed by it."
        )


def read_source(connection: Connection) -> dict[str, SourceTable]:
    """Every ordinary table outside the system schemas, by ``schema.table``."""
    rows = connection.execute(
        """
        SELECT format('%s.%s', n.nspname, c.relname),
               array_agg(a.attname::text),
               array_agg(a.attname::text) FILTER (WHERE a.attnum = ANY (i.indkey))
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        GROUP BY 1
        """
    )
    return {str(name): SourceTable(_names(columns), _names(key)) for name, columns, key in rows}


def read_publication(connection: Connection) -> dict[str, frozenset[str]] | None:
    """The columns that PostgreSQL publishes now, by ``schema.table``; None when there is no publication yet."""
    if connection.execute("SELECT FROM pg_publication WHERE pubname = %s", [PUBLICATION]).fetchone() is None:
        return None
    rows = connection.execute(
        "SELECT format('%%s.%%s', schemaname, tablename), attnames::text[] FROM pg_publication_tables "
        "WHERE pubname = %s",
        [PUBLICATION],
    )
    return {str(name): _names(columns) for name, columns in rows}


def keep_publication(connection: Connection, contracts: Contracts) -> bool:
    """Make the publication say what the contracts say. True when it did not say so before."""
    wanted = published(contracts)
    present = read_publication(connection)
    if present == {source: frozenset(columns) for source, columns in wanted.items()}:
        return False
    connection.execute(publication_sql(wanted, exists=present is not None))
    return True


def _names(columns: object) -> frozenset[str]:
    return frozenset(columns) if isinstance(columns, list) else frozenset()
