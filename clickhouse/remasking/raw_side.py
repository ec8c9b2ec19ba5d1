"""Rows of ClickHouse by the masking key that made their hashes.

A row that says ``_deleted`` holds its key columns and no hash. A row from before key ids were kept has an empty one.
"""

from collections.abc import Iterable

from clickhouse_connect.driver.client import Client

from clickhouse.raw_tables import RAW_DATABASE, SERVED_DATABASE
from dataflix import masked_events as events
from dataflix.contracts import Masking, Table
from dataflix.masking import HASH_CHARACTERS

UNKNOWN = "unknown"  # stands for the key id of rows from before key ids were kept

_OLD = f"{events.DELETED} = 0 and {events.KEY_ID} != {{key_id:String}}"
_TEXTS = """
    select table, name
    from system.columns
    inner join (select database, name as table from system.tables) as tables using (database, table)
    where database = {database:String} and type like '%String%'
"""


def key_ids(client: Client, table: Table) -> dict[str, int]:
    """Rows of the table by the key that masked them, in every version that is kept."""
    query = (
        f"select {events.KEY_ID}, count() from {_name(table)} where {events.DELETED} = 0 "  # noqa: S608 names of contracts
        f"group by {events.KEY_ID} order by {events.KEY_ID}"
    )
    return {key_id or UNKNOWN: count for key_id, count in client.query(query).result_rows}


def old_rows(client: Client, table: Table, key_id: str) -> int:
    """Rows that another key masked, in every version that is kept."""
    return _count(client, f"select count() from {_name(table)} where {_OLD}", key_id)  # noqa: S608


def outdated_rows(client: Client, table: Table, key_id: str) -> int:
    """Rows whose newest version another key masked."""
    return _count(client, f"select count() from {_name(table)} final where {_OLD}", key_id)  # noqa: S608


def erase_old(client: Client, table: Table, key_id: str) -> int:
    """Delete every version that another key masked, and wait until no part that is read holds one; how many."""
    if count := old_rows(client, table, key_id):
        client.command(
            f"alter table {_name(table)} delete where {_OLD} settings mutations_sync = 2", {"key_id": key_id}
        )
    return count


def foreign_hashes(client: Client, tables: Iterable[Table]) -> dict[str, int]:
    """Rows of analytics that hold what looks like a hash and is none of those that raw holds now, by place."""
    hashes = " union all ".join(
        f"select assumeNotNull(`{column.name}`) from {_name(table)} where isNotNull(`{column.name}`)"  # noqa: S608
        for table in tables
        for column in table.columns
        if column.mask is Masking.HASH
    )
    found: dict[str, int] = {}
    for table_name, column_name in client.query(_TEXTS, {"database": SERVED_DATABASE}).result_rows:
        text = f"toString(`{column_name}`)"
        query = (
            f"select count() from {SERVED_DATABASE}.`{table_name}` "  # noqa: S608 names from ClickHouse
            f"where match(ifNull({text}, ''), '^[0-9a-f]{{{HASH_CHARACTERS}}}$') and {text} not in ({hashes})"
        )
        if count := int(client.query(query).result_rows[0][0]):
            place = f"{SERVED_DATABASE}.{table_name}"
            found[place] = found.get(place, 0) + count
    return found


def _name(table: Table) -> str:
    return f"{RAW_DATABASE}.`{table.name}`"


def _count(client: Client, query: str, key_id: str) -> int:
    return int(client.query(query, {"key_id": key_id}).result_rows[0][0])
