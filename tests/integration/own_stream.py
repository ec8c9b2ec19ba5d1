"""A table with a stream of its own: contract, publication, slot, connector, topics and raw table that only one test
module knows, on the servers that all of them share. Its topics have one partition, so what stands before a marker in
the table's log is before it everywhere.
"""

import asyncio
import os
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import orjson
import psycopg
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from psycopg import sql
from running_worker import Worker, running
from screenings import PATIENCE_S, end_of, patiently

from clickhouse import catalog
from clickhouse.raw_tables import RawTable
from clickhouse.reconciliation.comparison import Comparison
from clickhouse.reconciliation.verification import compare_once
from connectors.connect import Connect, session
from connectors.debezium import connector_config
from connectors.postgres import connect_admin
from connectors.topics import HEARTBEAT_TOPIC
from connectors.truncation import keep_truncation
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.contracts import Contracts, Table, load_contracts
from dataflix.settings import PROJECT, Settings

Connection = psycopg.Connection[tuple[Any, ...]]
ROWS_A_CHUNK = 2  # of an incremental snapshot: many windows, in which much can happen
FIRST_MARKER = 1_000_000  # keys from here on are markers
SNAPSHOT_ENDED = ("Incremental Snapshot", "TABLE_SCAN_COMPLETED")


class OwnStream:
    """The table ``name`` and everything that follows from it; ``contract`` and ``columns`` (of SQL) describe it."""

    def __init__(self, settings: Settings, folder: Path, contract: str, columns: str) -> None:
        """``folder`` takes the contract. ``contract`` names the table ``{name}``."""
        self.name = f"own_{uuid.uuid4().hex[:8]}"
        folder.mkdir()
        (folder / f"{self.name}.yml").write_text(contract.format(name=self.name))
        self.settings = settings.model_copy(update={"contracts": folder})
        self.contracts: Contracts = load_contracts(folder)
        self.table: Table = self.contracts.table(self.name)
        self._columns = columns
        self._signals = f"{self.name}_signals"
        self._notices = f"{self.name}_notices"
        self._offsets: dict[str, int] = {}
        self._seen: dict[str, list[tuple[bytes | None, bytes | None]]] = {}
        self._snapshots = 0
        self._markers = 0

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DATAFLIX_HOME": str(self.settings.home),
            "DATAFLIX_CONTRACTS": str(self.settings.contracts),
            "PYTHONPATH": str(PROJECT),
        }

    def open(self) -> Connection:
        """A session of the administrator, which every change of a test goes through; transactions are its own."""
        connection = connect_admin(self.settings)
        connection.autocommit = False
        return connection

    def create(self) -> None:
        """Everything but the connector."""
        names = {
            "table": sql.Identifier("public", self.name),
            "signals": sql.Identifier("dataflix", self._signals),
            "publication": sql.Identifier(self.name),
            "listed": sql.SQL(", ").join(map(sql.Identifier, self.table.by_name)),
        }
        script = """
            CREATE TABLE {table} (%s);
            CREATE TABLE {signals} (id text PRIMARY KEY, type text NOT NULL, data text);
            GRANT SELECT, INSERT, DELETE ON {signals} TO dataflix_debezium;
            GRANT SELECT ON {table} TO dataflix_debezium, dataflix_verifier;
            CREATE PUBLICATION {publication} FOR TABLE {table} ({listed}), TABLE {signals};
        """
        with connect_admin(self.settings) as connection:
            connection.execute(sql.SQL(script % self._columns).format(**names))  # type: ignore[arg-type]  # of the test
            keep_truncation(connection, self.contracts)
        admin = AdminClient({"bootstrap.servers": str(self.settings.kafka)})
        there = admin.list_topics(timeout=30).topics
        wanted = [
            NewTopic(self.table.private_topic, 1, 1, config={"max.message.bytes": "16777216"}),
            NewTopic(self.table.masked_topic, 1, 1, config={"max.message.bytes": "16777216"}),
            NewTopic(f"cdc.dataflix.{self._signals}", 1, 1),
            NewTopic(self._notices, 1, 1),
            NewTopic(HEARTBEAT_TOPIC, 1, 1),  # without it Debezium waits for ever
            NewTopic("dead_letters", 1, 1),
        ]
        made = admin.create_topics([topic for topic in wanted if topic.topic not in there])
        for created in made.values():
            created.result(30)
        with clickhouse(self.settings, ClickHouseUser.ADMIN) as client:
            catalog.apply(client, [RawTable.of(self.table)])

    def connect(self) -> None:
        """Start the connector; a snapshot of the table comes first."""
        config = self._config()
        asyncio.run(self._on_connect("put", config))
        asyncio.run(self._on_connect("wait_until_running", config))

    def order_connector(self) -> None:
        """Start the connector without waiting for it."""
        asyncio.run(self._on_connect("put", self._config()))

    @patiently()
    def await_waiting_slot(self) -> None:
        """Until the creation of the connector's slot waits for a transaction to end."""
        with connect_admin(self.settings) as connection:
            waiting = connection.execute(
                "SELECT FROM pg_stat_activity a JOIN pg_replication_slots s ON s.active_pid = a.pid "
                "WHERE s.slot_name = %s AND a.wait_event_type = 'Lock'",
                [self.name],
            )
            assert waiting.fetchone() is not None

    @patiently()
    def await_blocked(self, connection: Connection) -> None:
        """Until what ``connection`` runs in another thread waits for a lock."""
        with connect_admin(self.settings) as observer:
            blocked = observer.execute(
                "SELECT cardinality(pg_blocking_pids(%s)) > 0", [connection.info.backend_pid]
            ).fetchone()
            assert blocked == (True,)

    def _config(self) -> dict[str, str]:
        """The product's own, moved to other names."""
        signals = f"dataflix.{self._signals}"
        columns = [f"{self.table.source}.{column}" for column in self.table.by_name]
        return connector_config(self.contracts, self.settings, 0) | {
            "slot.name": self.name,
            "publication.name": self.name,
            "column.include.list": ",".join([*columns, f"{signals}.id", f"{signals}.type", f"{signals}.data"]),
            "signal.data.collection": signals,
            "incremental.snapshot.chunk.size": str(ROWS_A_CHUNK),
            "notification.enabled.channels": "sink",
            "notification.sink.topic.name": self._notices,
            # two connectors of one prefix in one Connect: their metrics must not have one name
            "custom.metric.tags": f"of={self.name}",
        }

    async def _on_connect(self, method: str, *arguments: Any) -> None:
        async with session() as http:
            await getattr(Connect(http, self.settings, self.name), method)(*arguments)

    def drop(self) -> None:
        """Leave nothing that costs anything: a slot keeps the log of the whole cluster."""

        async def remove() -> None:
            async with session() as http, http.delete(f"{self.settings.connect.url}/connectors/{self.name}"):
                pass

        asyncio.run(remove())
        with connect_admin(self.settings) as connection:

            @patiently()
            def released() -> None:
                used = connection.execute(
                    "SELECT active FROM pg_replication_slots WHERE slot_name = %s AND active", [self.name]
                )
                assert used.fetchone() is None

            released()
            connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", [self.name]
            )
            connection.execute(
                sql.SQL("DROP PUBLICATION IF EXISTS {}; DROP TABLE IF EXISTS {}, {}").format(
                    sql.Identifier(self.name),
                    sql.Identifier("public", self.name),
                    sql.Identifier("dataflix", self._signals),
                )
            )

    def execute(self, statement: str, *values: Any) -> None:
        """A transaction of its own. ``{table}`` stands for the table."""
        with connect_admin(self.settings) as connection:
            connection.execute(self.sql(statement), values)

    def sql(self, statement: str) -> bytes:
        return statement.replace("{table}", f"public.{self.name}").encode()

    def order_snapshot(self) -> None:
        """Order an incremental snapshot; `await_snapshots` waits for the ends of all."""
        with connect_admin(self.settings) as connection:
            connection.execute(
                sql.SQL("INSERT INTO {} VALUES (%s, 'execute-snapshot', %s)").format(
                    sql.Identifier("dataflix", self._signals)
                ),
                [
                    uuid.uuid4().hex,
                    orjson.dumps({"type": "incremental", "data-collections": [self.table.source]}).decode(),
                ],
            )
        self._snapshots += 1

    @patiently()
    def await_snapshots(self) -> None:
        """Until every snapshot that was ordered has ended."""
        notices = [orjson.loads(value or b"{}") for _, value in self.messages(self._notices)]
        ended = [notice for notice in notices if (notice["aggregate_type"], notice["type"]) == SNAPSHOT_ENDED]
        assert len(ended) >= self._snapshots

    def catch_up(self, seconds: float = PATIENCE_S) -> None:
        """Wait until everything that was committed or ordered so far stands in raw and in the masked topic."""
        self.await_snapshots()
        self._markers += 1
        marker = FIRST_MARKER + self._markers
        (name,) = self.table.key
        key = orjson.dumps({name: marker})
        self.execute(f"INSERT INTO {{table}} ({name}) VALUES (%s)", marker)  # noqa: S608

        @patiently(seconds)
        def arrived() -> None:
            assert self.raw(f"SELECT count() FROM {{raw}} WHERE {name} = {marker}") == [(1,)]  # noqa: S608
            assert any(key == seen for seen, _ in reversed(self.messages(self.table.masked_topic)))

        arrived()

    def messages(self, topic: str) -> list[tuple[bytes | None, bytes | None]]:
        """Keys and values of everything that a topic of one partition ever held; read on from where it stood."""
        seen = self._seen.setdefault(topic, [])
        settings = {"bootstrap.servers": str(self.settings.kafka), "group.id": self.name, "enable.auto.commit": False}
        with closing(Consumer(settings | {"fetch.message.max.bytes": 16 << 20})) as consumer:
            end = end_of(consumer, topic, 0)
            consumer.assign([TopicPartition(topic, 0, self._offsets.get(topic, 0))])
            while self._offsets.get(topic, 0) < end:
                for message in consumer.consume(1_000, timeout=1):
                    assert message.error() is None
                    seen.append((message.key(), message.value()))
                    self._offsets[topic] = message.offset() + 1
        return seen

    def masked(self) -> list[tuple[bytes, dict[str, Any] | None]]:
        """The masked topic in its order: key and event, None for a tombstone."""
        return [
            (key or b"", None if value is None else orjson.loads(value))
            for key, value in self.messages(self.table.masked_topic)
        ]

    def compare(self) -> Comparison:
        return compare_once(self.settings, [self.table])[self.name]

    def raw(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query, in which {raw} stands for the raw table."""
        with clickhouse(self.settings, ClickHouseUser.ADMIN) as client:
            return [tuple(row) for row in client.query(query.replace("{raw}", f"raw.{self.name}")).result_rows]

    def dead_letters(self) -> list[dict[str, Any]]:
        """All that were ever written about the private topic."""
        letters = [orjson.loads(value or b"{}") for _, value in self.messages("dead_letters")]
        return [letter for letter in letters if letter.get("topic") == self.table.private_topic]


@contextmanager
def streaming(stream: OwnStream, log: Path) -> Iterator[OwnStream]:
    """``stream`` with everything made and a worker of its own; the connector is the test's to start."""
    try:
        stream.create()
        worker = Worker(stream, log)
        with running([worker]):
            worker.wait_until_healthy()
            yield stream
            assert worker.process.poll() is None, log.read_text()
    finally:
        stream.drop()
