"""Screenings of a cinema: a table that only one test knows, with a column of every type, from topic to raw table."""

import os
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from tenacity import retry, retry_if_exception, retry_if_exception_type, stop_after_delay, wait_fixed

from clickhouse import catalog
from clickhouse.raw_tables import RawTable
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.contracts import Contracts, Table, load_contracts
from dataflix.settings import PROJECT, Settings
from tests.debezium import an_event, now_us

PATIENCE_S = 60.0

CONTRACT = """
table: {name}
description: Screenings of a cinema, with a column of every type.
key: [venue, number]
columns:
  venue: {{type: text, description: Where}}
  number: {{type: smallint, description: Which one there}}
  seats: {{type: integer, description: How many}}
  watchers: {{type: bigint, nullable: true, description: How many came}}
  price: {{type: "numeric(10,2)", nullable: true, description: Of a ticket}}
  share: {{type: "numeric(76,38)", nullable: true, description: Of the distributor}}
  rain: {{type: double precision, nullable: true, description: Millimetres on the day}}
  sold_out: {{type: boolean, description: Whether}}
  day: {{type: date, nullable: true, description: The day}}
  starts: {{type: timestamp, nullable: true, description: On the clock of the venue}}
  opened: {{type: timestamptz, description: When the sale began}}
  ticket: {{type: uuid, nullable: true, description: Of the first visitor}}
  guest: {{type: text, nullable: true, mask: initial, description: Name of the guest of honour}}
  contact: {{type: text, nullable: true, mask: hash, description: E-mail address of the guest}}
"""


def patiently(seconds: float = PATIENCE_S) -> Any:
    """Repeat what asserts until it holds."""
    return retry(
        retry=retry_if_exception_type((AssertionError, OSError)),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(0.1),
        reraise=True,
    )


def a_screening(number: int = 1, **columns: Any) -> dict[str, Any]:
    """As Debezium writes it."""
    return {
        "venue": "Roxy",
        "number": number,
        "seats": 240,
        "watchers": None,
        "price": "17.50",
        "share": None,
        "rain": None,
        "sold_out": False,
        "day": 20_455,
        "starts": 1_767_380_400_000_000,
        "opened": "2026-01-02T03:04:05.123456Z",
        "ticket": None,
        "guest": "Unmistakable Guest",
        "contact": "unmistakable@example.org",
    } | columns


def an_unmistakable_screening() -> dict[str, Any]:
    """A good one, in which every text and every number can be told from all else."""
    return a_screening(
        1,
        venue="Unmistakable Roxy",
        seats=918_273,
        watchers=918_273,
        price="918273.50",
        share="918273." + "5" * 38,
        rain=918_273.5,
        ticket="0b9ba4ad-64d7-4a4e-9fcd-3d7e8ae7bdbd",
    )


# What a broker answers of a partition that was made a moment ago
_NOT_YET = frozenset(
    {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART}
)


def _is_not_yet(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in _NOT_YET


@retry(retry=retry_if_exception(_is_not_yet), stop=stop_after_delay(PATIENCE_S), wait=wait_fixed(0.1), reraise=True)
def end_of(consumer: Consumer, topic: str, number: int) -> int:
    """The offset after the last message of a partition, also of one that is being made."""
    return int(consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=PATIENCE_S)[1])


def messages(settings: Settings, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    """Keys and values of everything that a topic holds now."""
    reader = {
        "bootstrap.servers": str(settings.kafka),
        "group.id": uuid.uuid4().hex,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
    }
    with closing(Consumer(reader)) as consumer:
        partitions = consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
        ends = {number: end_of(consumer, topic, number) for number in partitions}
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        found: list[tuple[bytes | None, bytes | None]] = []
        left = {number for number, end in ends.items() if end}
        while left:
            for message in consumer.consume(1_000, timeout=1):
                assert message.error() is None
                found.append((message.key(), message.value()))
            left = {
                position.partition
                for position in consumer.position([TopicPartition(topic, number) for number in left])
                if position.offset < ends[position.partition]
            }
        return found


class RawScreenings:
    """Contract and raw table."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """``folder`` takes the contract."""
        name = f"screenings_{uuid.uuid4().hex[:8]}"
        folder.mkdir()
        (folder / f"{name}.yml").write_text(CONTRACT.format(name=name))
        self.settings = settings.model_copy(update={"contracts": folder})
        self.contracts: Contracts = load_contracts(folder)
        self.table: Table = self.contracts.table(name)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DATAFLIX_HOME": str(self.settings.home),
            "DATAFLIX_CONTRACTS": str(self.settings.contracts),
            "PYTHONPATH": str(PROJECT),
        }

    def apply(self) -> None:
        """Create the raw table."""
        with clickhouse(self.settings, ClickHouseUser.ADMIN) as client:
            catalog.apply(client, [RawTable.of(self.table)])

    def drop(self) -> None:
        """Remove the raw table."""
        with clickhouse(self.settings, ClickHouseUser.ADMIN) as client:
            client.command(f"DROP TABLE IF EXISTS raw.{self.table.name}")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query, in which {raw} stands for the raw table."""
        with clickhouse(self.settings, ClickHouseUser.ADMIN) as client:
            return [tuple(row) for row in client.query(sql.format(raw=f"raw.{self.table.name}")).result_rows]

    def final(self, *columns: str) -> list[tuple[Any, ...]]:
        """The rows that are there, in the order of their key."""
        return self.query(f"SELECT {', '.join(columns)} FROM {{raw}} FINAL ORDER BY venue, number")  # noqa: S608


class Screenings(RawScreenings):
    """With the topics that lead there."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(settings, folder)
        self._producer = Producer({"bootstrap.servers": str(settings.kafka), "partitioner": "murmur2_random"})
        self._lsn = 1_000

    def create_topics(self) -> None:
        """The private one, the masked one, and the one of all dead letters."""
        admin = AdminClient({"bootstrap.servers": str(self.settings.kafka)})
        number = self.settings.topic_partitions
        wanted = [
            NewTopic(self.table.private_topic, number, 1),
            NewTopic(self.table.masked_topic, number, 1, config={"cleanup.policy": "compact"}),
            NewTopic("dead_letters", 1, 1),
        ]
        there = admin.list_topics(timeout=PATIENCE_S).topics
        for created in admin.create_topics([topic for topic in wanted if topic.topic not in there]).values():
            created.result(PATIENCE_S)

    def write(self, row: dict[str, Any], op: str = "c", **envelope: Any) -> None:
        """Write a change event; unless told, it is newer than all that were written before."""
        self._lsn += 10
        position = {"commit": self._lsn, "lsn": self._lsn, "committed_us": now_us()}
        self.write_bytes(an_event(row, op=op, table=self.table.name, **position | envelope), self.key(row))

    def write_bytes(self, value: bytes | None, key: bytes | None) -> None:
        while True:
            try:
                return self._producer.produce(self.table.private_topic, value=value, key=key)
            except BufferError:
                self._producer.poll(0.1)

    def flush(self) -> None:
        assert self._producer.flush(30) == 0

    def key(self, row: dict[str, Any]) -> bytes:
        return orjson.dumps({name: row[name] for name in self.table.key})

    def messages(self, topic: str) -> list[tuple[bytes | None, bytes | None]]:
        """Keys and values of everything that a topic holds now."""
        return messages(self.settings, topic)

    def newest_masked(self) -> dict[bytes, dict[str, Any] | None]:
        """What a reader of the masked topic holds: of each key the event of the highest version, None when deleted."""
        newest: dict[bytes, dict[str, Any]] = {}
        for key, value in self.messages(self.table.masked_topic):
            assert key is not None
            if value is None:
                continue
            event = orjson.loads(value)
            if key not in newest or int(event["_version"]) >= int(newest[key]["_version"]):
                newest[key] = event
        return {key: None if event["_deleted"] else event for key, event in newest.items()}

    def dead_letters(self) -> list[dict[str, Any]]:
        """All that were ever written about the private topic, whether somebody is done with them or not."""
        messages = [orjson.loads(value or b"") for _, value in self.messages("dead_letters")]
        return [message for message in messages if message.get("topic") == self.table.private_topic]
