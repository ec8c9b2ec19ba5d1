"""Where the topics are followed from when the histories came from ClickHouse."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from api import follower as following
from api.boot import Booted, Histories, Wait
from api.follower import Batch, Follower
from api.progress import Partition
from dataflix.contracts import load_contracts
from dataflix.settings import PROJECT, KafkaBroker

TABLES = [load_contracts(PROJECT / "contracts").table(name) for name in ("users", "ratings")]
USERS, RATINGS, ADDED = ("masked.users", 0), ("masked.ratings", 0), ("masked.ratings", 1)
NEWS = ("models", 0)


class Broker:
    """Partitions and where they end, and from where each is read."""

    def __init__(self, ends: Mapping[Partition, int]) -> None:
        self.ends = dict(ends)
        self.read_from: dict[Partition, int] = {}

    def consumer(self, *_: object, **__: object) -> "Broker":
        return self

    def list_topics(self, **_: object) -> Any:
        topics: dict[str, Any] = {}
        for topic, number in self.ends:
            topics.setdefault(topic, SimpleNamespace(partitions={})).partitions[number] = None
        return SimpleNamespace(topics=topics)

    def get_watermark_offsets(self, partition: TopicPartition, **_: object) -> tuple[int, int]:
        return 0, self.ends[partition.topic, partition.partition]

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.read_from |= {(one.topic, one.partition): one.offset for one in partitions}

    def poll(self, _seconds: float) -> None:
        return None

    def close(self) -> None:
        return None


class ABoot:
    """While it reads, ``meanwhile`` becomes what the broker holds."""

    def __init__(self, broker: Broker, meanwhile: Mapping[Partition, int], *, whole: bool = True) -> None:
        self._broker = broker
        self._meanwhile = meanwhile
        self._whole = whole

    def read(self, _tables: Mapping[str, str], ends: Mapping[Partition, int], _wait: Wait) -> Booted | None:
        self._broker.ends.update(self._meanwhile)
        return Booted(Histories(), dict(ends)) if self._whole else None


async def first_batch(broker: Broker, boot: ABoot, monkeypatch: pytest.MonkeyPatch) -> Batch:
    monkeypatch.setattr(following, "Consumer", broker.consumer)
    batches: asyncio.Queue[Batch] = asyncio.Queue()
    follower = Follower(KafkaBroker("127.0.0.1", 9), TABLES, NEWS[0], batches.put_nowait, boot=boot)
    task = asyncio.create_task(follower.run())
    try:
        return await asyncio.wait_for(batches.get(), 30)
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_topics_go_on_from_where_they_ended_before_clickhouse_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker({USERS: 3, RATINGS: 7, NEWS: 2})
    batch = await first_batch(broker, ABoot(broker, {RATINGS: 9}), monkeypatch)
    assert broker.read_from == {USERS: 3, RATINGS: 7, NEWS: OFFSET_BEGINNING}
    assert batch.positions == {USERS: 3, RATINGS: 7, NEWS: 0}
    assert batch.began == {USERS: 3, RATINGS: 9, NEWS: 2}
    assert batch.booted


async def test_what_is_new_or_was_made_anew_meanwhile_is_read_from_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker({USERS: 3, RATINGS: 7, NEWS: 0})
    await first_batch(broker, ABoot(broker, {RATINGS: 2, ADDED: 4}), monkeypatch)
    # Topics and partitions are listed before the boot: one that is added is found by the next look
    assert broker.read_from == {USERS: 3, RATINGS: OFFSET_BEGINNING, NEWS: OFFSET_BEGINNING}


async def test_without_histories_everything_is_read_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker({USERS: 3, RATINGS: 7, NEWS: 2})
    batch = await first_batch(broker, ABoot(broker, {}, whole=False), monkeypatch)
    assert set(broker.read_from.values()) == {OFFSET_BEGINNING}
    assert set(batch.positions.values()) == {0}
    assert batch.booted is None


async def test_with_a_topic_missing_nothing_is_known_of_its_end_and_clickhouse_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker({USERS: 3, NEWS: 0})
    batch = await first_batch(broker, ABoot(broker, {}), monkeypatch)
    assert batch.booted is None
    assert broker.read_from[USERS] == OFFSET_BEGINNING
