"""The raw tables that a server has, and the running of statements on it."""

from collections import defaultdict
from collections.abc import Iterable

from clickhouse_connect.driver.client import Client

from clickhouse import ddl, pipeline_tables
from clickhouse.migration import ExistingTable, plan
from clickhouse.raw_tables import RAW_DATABASE, SERVED_DATABASE, RawColumn, RawTable
from dataflix.pipeline_history import DATABASE

_TABLES = """
    select name, comment, engine_full, sorting_key
    from system.tables
    where database = {database:String} and not is_temporary
"""
_HISTORY = """
    select database || '.' || name from system.tables where database = {database:String}
    union all
    select name from system.databases where name = {database:String}
"""
_COLUMNS = """
    select table, name, type, comment, default_expression
    from system.columns
    where database = {database:String}
    order by table, position
"""


def existing_tables(client: Client) -> dict[str, ExistingTable]:
    """The tables of the raw database by name; none when there is no such database."""
    parameters = {"database": RAW_DATABASE}
    columns: defaultdict[str, list[RawColumn]] = defaultdict(list)
    for table, name, type_, comment, default in client.query(_COLUMNS, parameters).result_rows:
        columns[table].append(RawColumn(name, type_, comment, default))
    return {
        name: ExistingTable(name, comment, engine, tuple(key.strip("()").split(", ")), tuple(columns[name]))
        for name, comment, engine, key in client.query(_TABLES, parameters).result_rows
    }


def missing(client: Client, tables: Iterable[RawTable]) -> list[str]:
    """The statements that `apply` would run; none when nothing is to do.

    Raises ContractViolation when a table differs in a way that may lose data.
    """
    statements = plan(tables, existing_tables(client))
    databases = [] if _has_databases(client) else ddl.create_databases()
    return [*databases, *_missing_history(client), *statements]


def apply(client: Client, tables: Iterable[RawTable]) -> list[str]:
    """Create and extend what is missing, and return the statements that this took; none when nothing was to do.

    Raises ContractViolation, and changes nothing, when a table differs in a way that may lose data.
    """
    statements = missing(client, tables)
    for statement in statements:
        client.command(statement)
    return statements


def merge(client: Client, table: RawTable) -> tuple[int, int]:
    """Merge a raw table into one version for each row; its rows before and after.

    ``CLEANUP``, which would take the marks of deletion away, is not asked for. A part that is merged already is left.
    """
    name = f"`{RAW_DATABASE}`.`{table.name}`"

    def rows() -> int:
        return int(client.query(f"select count() from {name}").result_rows[0][0])  # noqa: S608 - a name of a contract

    before = rows()
    client.command(f"optimize table {name} final", settings={"optimize_skip_merged_partitions": 1})
    return before, rows()


def _missing_history(client: Client) -> list[str]:
    """The statements that make what the pipeline lacks to keep its own history."""
    found = client.query(_HISTORY, {"database": DATABASE}).result_rows
    there = {name for (name,) in found}
    return [statement for name, statement in pipeline_tables.STATEMENTS.items() if name not in there]


def _has_databases(client: Client) -> bool:
    found = client.query("select name from system.databases").result_rows
    return {(RAW_DATABASE,), (SERVED_DATABASE,)} <= set(found)
