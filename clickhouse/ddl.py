"""The statements that make raw tables, as text. Pure: running them is another matter."""

from collections.abc import Iterable

from clickhouse import pipeline_tables
from clickhouse.raw_tables import (
    DEDUPLICATION_WINDOW,
    ENGINE,
    GRANULE_BYTES,
    GRANULE_ROWS,
    INGESTED_AT,
    RAW_DATABASE,
    SERVED_DATABASE,
    RawColumn,
    RawTable,
)


def literal(text: str) -> str:
    """``text`` as a string literal of ClickHouse."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def create_databases() -> list[str]:
    """The database of the raw tables and the one of the marts."""
    return [f"CREATE DATABASE IF NOT EXISTS {name}" for name in (RAW_DATABASE, SERVED_DATABASE)]


def create_table(table: RawTable) -> str:
    """The statement that creates ``table``, and does nothing when it exists."""
    columns = "".join(f"    {_definition(column)},\n" for column in table.columns)
    key = ", ".join(f"`{name}`" for name in table.key)
    return (
        f"CREATE TABLE IF NOT EXISTS {table.full_name}\n(\n{columns}    INDEX arrival {INGESTED_AT} TYPE minmax\n)\n"
        f"ENGINE = {ENGINE}\n"
        f"ORDER BY ({key})\n"
        f"SETTINGS non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}, "
        f"index_granularity = {GRANULE_ROWS}, min_compress_block_size = {GRANULE_BYTES}\n"
        f"COMMENT {literal(table.description)}"
    )


def add_column(table: RawTable, column: RawColumn) -> str:
    """The statement that adds ``column`` where ``table`` has it. Rows that are there take its default."""
    position = table.columns.index(column)
    where = f"AFTER `{table.columns[position - 1].name}`" if position else "FIRST"
    return f"ALTER TABLE {table.full_name} ADD COLUMN IF NOT EXISTS {_definition(column)} {where}"


def comment_column(table: RawTable, column: RawColumn) -> str:
    """The statement that gives an existing column its present description."""
    return f"ALTER TABLE {table.full_name} COMMENT COLUMN `{column.name}` {literal(column.description)}"


def comment_table(table: RawTable) -> str:
    """The statement that gives an existing table its present description."""
    return f"ALTER TABLE {table.full_name} MODIFY COMMENT {literal(table.description)}"


def script(tables: Iterable[RawTable]) -> str:
    """Everything that an empty server needs, for people to read and for clients that take many statements."""
    return as_script([*create_databases(), *pipeline_tables.STATEMENTS.values(), *map(create_table, tables)])


def as_script(statements: Iterable[str]) -> str:
    """Statements as one text."""
    return "\n\n".join(f"{statement};" for statement in statements)


def _definition(column: RawColumn) -> str:
    default = f" DEFAULT {column.default}" if column.default else ""
    return f"`{column.name}` {column.type}{default} COMMENT {literal(column.description)}"
