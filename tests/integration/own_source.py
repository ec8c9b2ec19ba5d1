"""A source database of its own, with connector, slot, topics and raw table of its own, made by the product's commands
on the servers that all tests share; the topics have one partition. Worker and watcher are processes of its own too.
"""

import asyncio
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from aiohttp.test_utils import unused_port
from own_stack import Stack
from own_stream import Connection
from psycopg import sql
from screenings import messages, patiently

from clickhouse.reconciliation.comparison import Comparison
from clickhouse.reconciliation.verification import compare_once
from connectors.connect import Connect, ConnectorStatus, session
from connectors.postgres import MAINTENANCE_DATABASE, connect_admin
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.contracts import Table, load_contracts
from dataflix.settings import PROJECT, Settings

CONTRACT = """
table: {name}
description: Lighthouses, and who keeps them.
key: [number]
columns:
  number: {{type: bigint, description: Number of the lighthouse}}
  keeper: {{type: text, nullable: true, mask: initial, description: Who keeps it}}
  range: {{type: integer, description: Miles}}
"""
CREATE = "CREATE TABLE public.{name} (number bigint PRIMARY KEY, keeper text, range integer NOT NULL);"


class OwnSource:
    """The database ``name`` with the table ``name``, and all that follows from it."""

    def __init__(self, stack: Stack, settings: Settings, folder: Path) -> None:
        """``folder`` takes contract and migration."""
        self.name = f"lights_{uuid.uuid4().hex[:8]}"
        for kind, file, text in (("contracts", "yml", CONTRACT), ("migrations", "sql", CREATE)):
            (folder / kind).mkdir()
            (folder / kind / f"{self.name}.{file}").write_text(text.format(name=self.name))
        own: dict[str, Any] = {
            "contracts": folder / "contracts",
            "migrations": str(folder / "migrations"),
            "postgres_database": self.name,
            "connector": self.name,
            "topic_partitions": 1,
            "watcher_port": unused_port() - settings.port_offset,
        }
        self._stack = stack
        self._own = {f"DATAFLIX_{name.upper()}": str(value) for name, value in own.items()}
        self.settings = settings.model_copy(update=own)
        self.table: Table = load_contracts(folder / "contracts").table(self.name)

    @property
    def environment(self) -> Mapping[str, str]:
        return os.environ | self._own | {"DATAFLIX_HOME": str(self.settings.home), "PYTHONPATH": str(PROJECT)}

    def run(self, program: str, *arguments: str) -> str:
        """What ``python -m program arguments`` prints here."""
        return self._stack.run(program, *arguments, env=self._own)

    def create(self) -> None:
        """Everything, with a connector that runs."""
        self.run("connectors", "migrate")
        self.run("clickhouse", "apply")
        self.run("connectors", "register")

    def drop(self) -> None:
        """Leave nothing that costs anything."""

        async def remove() -> None:
            async with session() as http, http.delete(f"{self.settings.connect.url}/connectors/{self.name}"):
                pass

        asyncio.run(remove())
        with connect_admin(self.settings, MAINTENANCE_DATABASE) as connection:

            @patiently()
            def released() -> None:
                assert self._slot(connection) != (True,)

            released()
            connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", [self.name]
            )
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """A transaction of its own. ``{table}`` stands for the table; the rows, where it gives some."""
        with connect_admin(self.settings) as connection:
            done = connection.execute(statement.replace("{table}", f"public.{self.name}").encode())
            return list(done) if done.description else []

    def stop_connector(self) -> None:
        """Until nobody reads from the slot."""
        self.on_connect("stop")
        with connect_admin(self.settings) as connection:

            @patiently()
            def released() -> None:
                assert self._slot(connection) == (False,)

            released()

    def connector(self) -> ConnectorStatus | None:
        status: ConnectorStatus | None = self.on_connect("status")
        return status

    def on_connect(self, method: str, *arguments: Any) -> Any:
        """Call a method of `Connect` for this connector."""

        async def call() -> Any:
            async with session() as http:
                return await getattr(Connect(http, self.settings, self.name), method)(*arguments)

        return asyncio.run(call())

    def _slot(self, connection: Connection) -> tuple[Any, ...] | None:
        return connection.execute(
            "SELECT active FROM pg_replication_slots WHERE slot_name = %s", [self.name]
        ).fetchone()

    def compare(self) -> Comparison:
        return compare_once(self.settings, [self.table])[self.name]

    def raw(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query, in which {raw} stands for the raw table."""
        with clickhouse(self.settings, ClickHouseUser.ADMIN) as client:
            return [tuple(row) for row in client.query(query.replace("{raw}", f"raw.{self.name}")).result_rows]

    def compacted(self) -> dict[int, int | None]:
        """What compaction leaves of the masked topic: the range of each lighthouse, None where it was deleted."""
        last = {}
        for key, value in messages(self.settings, self.table.masked_topic):
            event = None if value is None else orjson.loads(value)
            last[orjson.loads(key or b"")["number"]] = event["range"] if event and not event["_deleted"] else None
        return last
