"""Where masked rows end up: the raw tables of ClickHouse, or a list in memory for tests."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import orjson
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from dataflix import masked_events
from dataflix.contracts import Table
from dataflix.errors import SourceUnavailable
from dataflix.values import JsonScalar

_SETTINGS = {
    "date_time_input_format": "best_effort",  # the "T" and "Z" of ISO 8601
    "input_format_skip_unknown_fields": 0,  # a column that the raw table lacks is an error, not a value dropped
    "async_insert": 0,
}
_READ_SETTINGS = {"cast_string_to_date_time_mode": "best_effort"}


class RawSink(Protocol):
    """Where masked rows end up. ``insert`` is idempotent for the same ``token``."""

    async def insert(self, table: Table, rows: Sequence[bytes], token: str) -> None:
        """Store masked events of one table. Raises SourceUnavailable when they are not stored for certain."""

    async def newest_version(self, table: Table, key: Sequence[JsonScalar]) -> int:
        """The highest version that a row ever had, packed; also of a deleted row; 0 when it never was there.

        Raises SourceUnavailable.
        """


class ClickHouseSink:
    """Inserts into ``raw.<table>``, each batch by one synchronous insert."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        """``connect`` opens a client that threads may share; it is called when the first row comes."""
        self._connect = connect
        self._client: Client | None = None

    async def insert(self, table: Table, rows: Sequence[bytes], token: str) -> None:
        await asyncio.to_thread(self._insert, table, rows, token)

    def _insert(self, table: Table, rows: Sequence[bytes], token: str) -> None:
        try:
            self._opened().raw_insert(
                f"raw.{table.name}",
                insert_block=b"\n".join(rows),
                settings=_SETTINGS | {"insert_deduplication_token": token},
                fmt="JSONEachRow",
            )
        except (ClickHouseError, OSError) as error:
            # The text of such an error quotes rows.
            code = getattr(error, "code", None)
            raise SourceUnavailable(
                f"ClickHouse does not store rows of raw.{table.name} ({type(error).__name__}, code {code}): "
                "see `bin/dataflix logs clickhouse`."
            ) from None

    async def newest_version(self, table: Table, key: Sequence[JsonScalar]) -> int:
        return await asyncio.to_thread(self._newest_version, table, key)

    def _newest_version(self, table: Table, key: Sequence[JsonScalar]) -> int:
        same_key = " AND ".join(
            f"`{column.name}` = CAST({{k{number}:String}} AS {column.type.clickhouse})"
            for number, column in enumerate(table.key_columns)
        )
        query = f"SELECT max({masked_events.VERSION}) FROM raw.`{table.name}` WHERE {same_key}"  # noqa: S608 names of the contract
        values = {f"k{number}": str(value) for number, value in enumerate(key)}
        try:
            ((newest,),) = self._opened().query(query, parameters=values, settings=_READ_SETTINGS).result_rows
            return int(newest)
        except (ClickHouseError, OSError) as error:
            raise SourceUnavailable(
                f"ClickHouse does not tell the versions of raw.{table.name} ({type(error).__name__}, code "
                f"{getattr(error, 'code', None)}): see `bin/dataflix logs clickhouse`."
            ) from None

    def _opened(self) -> Client:
        if self._client is None:
            self._client = self._connect()
        return self._client

    def close(self) -> None:
        if self._client is not None:
            self._client.close()


class MemorySink:
    """Keeps the rows of each table, and of each key the newest version, as a ReplacingMergeTree does in the end."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._tokens: set[tuple[str, str]] = set()

    async def insert(self, table: Table, rows: Sequence[bytes], token: str) -> None:
        if (table.name, token) not in self._tokens:
            self._tokens.add((table.name, token))
            self.rows[table.name] += [orjson.loads(row) for row in rows]

    async def newest_version(self, table: Table, key: Sequence[JsonScalar]) -> int:
        versions = (
            int(row[masked_events.VERSION])
            for row in self.rows[table.name]
            if [row[name] for name in table.key] == [*key]
        )
        return max(versions, default=0)

    def final(self, table: Table) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The newest row of each key that is not deleted."""
        newest: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in sorted(self.rows[table.name], key=lambda row: int(row[masked_events.VERSION])):
            newest[tuple(row[name] for name in table.key)] = row
        return {key: row for key, row in newest.items() if not row[masked_events.DELETED]}
