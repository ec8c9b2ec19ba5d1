"""The person's rows in ClickHouse's tables: found, deleted, and looked for again.

A row of a raw table that says ``_deleted`` holds its key and nothing else. It stays: without it, an event that is
delivered once more would bring the person back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from clickhouse_connect.driver.client import Client

from clickhouse.erasure.source_side import SourceDeletion
from clickhouse.raw_tables import RAW_DATABASE, SERVED_DATABASE
from dataflix import masked_events as events
from dataflix.contracts import Masking, Table

_COLUMNS = """
    select database, table, name, type, engine
    from system.columns as columns
    inner join (select database, name as table, engine from system.tables) as tables using (database, table)
    where database in {databases:Array(String)}
    order by database desc, table, position
"""


@dataclass(frozen=True, slots=True)
class ServedTable:
    """A table or view as the scan reads it: how it names a person, and where text could hold one."""

    database: str
    name: str
    engine: str
    person_type: str | None  # type of the column that names a person, None where there is none
    texts: tuple[str, ...]  # columns that hold text, bare or inside of something

    @property
    def place(self) -> str:
        return f"{self.database}.{self.name}"

    @property
    def full_name(self) -> str:
        return f"`{self.database}`.`{self.name}`"

    @property
    def holds_rows(self) -> bool:
        """False for a view, which shows rows of other tables."""
        return self.engine.endswith("MergeTree")

    def of_person(self, column: str) -> str:
        """The condition for the rows of the person in the parameter ``user``."""
        if self.person_type is None:
            return "false"
        named = f"toString(`{column}`) = toString({{user:Int64}})"
        if "Int" in self.person_type:
            named = f"`{column}` = {{user:Int64}}"
        return f"({named} and {events.DELETED} = 0)" if self.database == RAW_DATABASE else f"({named})"

    def mentions(self) -> str:
        """The condition for rows in which a text contains one of the parameter ``hashes``."""
        found = [f"ifNull(multiSearchAny(toString(`{name}`), {{hashes:Array(String)}}), 0)" for name in self.texts]
        return " or ".join(found) or "false"


def served_tables(client: Client, person: str) -> list[ServedTable]:
    """Every table and view, raw before what is built from it; ``person`` is the column that names a person."""
    rows = client.query(_COLUMNS, {"databases": [RAW_DATABASE, SERVED_DATABASE]}).result_rows
    tables = []
    for (database, name, engine), columns in groupby(rows, key=lambda row: (row[0], row[1], row[4])):
        types = {column: type_ for _, _, column, type_, _ in columns}
        texts = tuple(column for column, type_ in types.items() if "String" in type_ and column[0] != "_")
        tables.append(ServedTable(database, name, engine, types.get(person), texts))
    return tables


def known_hashes(client: Client, table: Table, person: str, user_id: int) -> frozenset[str]:
    """The masked values by which any version of the person's rows in ``table`` could be recognised.

    A value that somebody else bears as well, such as a user name that was given away, is left out: it proves nothing.
    """
    found: set[str] = set()
    for column in table.columns:
        if column.mask is Masking.HASH:
            query = (
                f"select distinct assumeNotNull(`{column.name}`) from {RAW_DATABASE}.`{table.name}` "  # noqa: S608
                f"where ifNull(`{column.name}`, '') != '' and {events.DELETED} = 0 and `{person}` "
            )
            parameters = {"user": user_id}
            own = {row[0] for row in client.query(query + "= {user:Int64}", parameters).result_rows}
            others = f"!= {{user:Int64}} and `{column.name}` in {{own:Array(String)}}"
            shared = {row[0] for row in client.query(query + others, parameters | {"own": sorted(own)}).result_rows}
            found |= own - shared
    return frozenset(found)


def known_keys(
    client: Client, table: Table, person: str, user_id: int, deletion: SourceDeletion | None
) -> frozenset[bytes]:
    """The keys, as messages carry them, of the person's rows: of every version, and of those that went just now."""
    columns = ", ".join(f"`{name}`" for name in table.key)
    marked = f"{events.DELETED} = 1 and {events.TXID} = {{txid:UInt64}} and {events.COMMITTED_AT} >= "
    query = (
        f"select distinct {columns} from {RAW_DATABASE}.`{table.name}` where `{person}` = {{user:Int64}} "  # noqa: S608
        f"or {marked} fromUnixTimestamp64Micro({{begun:Int64}})"
    )
    parameters = {
        "user": user_id,
        "txid": deletion.txid if deletion else 0,  # no transaction has this number
        "begun": int(deletion.begun_at.timestamp() * 1_000_000) if deletion else 0,
    }
    plain = {"output_format_json_quote_64bit_integers": 0}
    return frozenset(client.raw_query(query, parameters, plain, fmt="JSONEachRow").splitlines())


def live_rows(client: Client, table: Table, person: str, user_id: int) -> int:
    """Rows of the person that are not deleted, by their newest version."""
    query = f"select count() from {RAW_DATABASE}.`{table.name}` final where `{person}` = {{user:Int64}}"  # noqa: S608
    return int(client.query(f"{query} and {events.DELETED} = 0", {"user": user_id}).result_rows[0][0])


def markers(client: Client, table: Table, deletion: SourceDeletion) -> tuple[int, dict[int, int]]:
    """How many rows of ``table`` the transaction's delete events have marked, and the last offset by partition."""
    query = (
        f"select {events.PARTITION}, uniqExact({', '.join(f'`{name}`' for name in table.key)}), max({events.OFFSET}) "  # noqa: S608
        f"from {RAW_DATABASE}.`{table.name}` where {events.DELETED} = 1 and {events.TXID} = {{txid:UInt64}} "
        f"and {events.COMMITTED_AT} >= fromUnixTimestamp64Micro({{begun:Int64}}) group by {events.PARTITION}"
    )
    begun = int(deletion.begun_at.timestamp() * 1_000_000)
    rows = client.query(query, {"txid": deletion.txid, "begun": begun}).result_rows
    return sum(row[1] for row in rows), {row[0]: row[2] for row in rows}


def erase_rows(client: Client, tables: Iterable[ServedTable], person: str, user_id: int) -> dict[str, int]:
    """Delete every version of the person's rows, and wait until no part that is read holds them; rows by place."""
    erased = {}
    for table in tables:
        if table.holds_rows and table.person_type is not None:
            condition = table.of_person(person)
            count = _count(client, table, condition, user_id, frozenset())
            if count:
                client.command(
                    f"alter table {table.full_name} delete where {condition} settings mutations_sync = 2",
                    {"user": user_id},
                )
                erased[table.place] = count
    return erased


def scan(
    client: Client, tables: Iterable[ServedTable], person: str, user_id: int, hashes: frozenset[str]
) -> dict[str, int]:
    """Rows that name the person or contain one of ``hashes``, in every version, by place; empty when there are none."""
    found = {}
    for table in tables:
        condition = f"{table.of_person(person)} or {table.mentions()}" if hashes else table.of_person(person)
        if count := _count(client, table, condition, user_id, hashes):
            found[table.place] = count
    return found


def deleted_at(client: Client, table: Table, person: str, user_id: int) -> datetime | None:
    """When the person's own row was deleted, as its marker tells; None without a marker."""
    query = (
        f"select max({events.COMMITTED_AT}) from {RAW_DATABASE}.`{table.name}` "  # noqa: S608
        f"where `{person}` = {{user:Int64}} and {events.DELETED} = 1 having count() > 0"
    )
    rows = client.query(query, {"user": user_id}).result_rows
    return rows[0][0] if rows else None


def _count(client: Client, table: ServedTable, condition: str, user_id: int, hashes: frozenset[str]) -> int:
    parameters = {"user": user_id, "hashes": sorted(hashes)}
    query = f"select count() from {table.full_name} where {condition}"  # noqa: S608  # names from ClickHouse
    return int(client.query(query, parameters).result_rows[0][0])
