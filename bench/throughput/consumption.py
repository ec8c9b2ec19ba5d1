"""Plain consumption of a backlog by the two Python clients: nothing is done with what comes. It is the ceiling."""

import asyncio
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Partition
from confluent_kafka import Consumer, TopicPartition

from bench.throughput.backlog import TOPIC, Backlog
from bench.throughput.pace import Pace
from dataflix.errors import SourceUnavailable
from dataflix.settings import Settings

_AT_ONCE = 5_000
_PATIENCE = 30.0  # seconds
_ROUNDS = 3


class Plain(NamedTuple):
    """Events a second by each client; None where there were too few to measure."""

    confluent: int | None
    aiokafka: int | None


def plain(settings: Settings, backlog: Backlog) -> Plain:
    """The median of each client over some rounds, in which they take turns at being first.

    Raises SourceUnavailable.
    """
    clients: list[Callable[[], int | None]] = [
        lambda: by_confluent(settings, backlog),
        lambda: asyncio.run(by_aiokafka(settings, backlog)),
    ]
    paces: list[list[int | None]] = [[], []]
    for number in range(_ROUNDS):
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            paces[which].append(clients[which]())
    confluent, aiokafka = map(_median, paces)
    return Plain(confluent, aiokafka)


def _median(paces: Sequence[int | None]) -> int | None:
    measured = [pace for pace in paces if pace is not None]
    return round(median(measured)) if measured else None


def by_confluent(settings: Settings, backlog: Backlog) -> int | None:
    """Events a second. Raises SourceUnavailable."""
    pace, read = Pace(), 0
    consumer = Consumer({"bootstrap.servers": str(settings.kafka), "group.id": "bench", "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(TOPIC, number, offset) for number, offset in backlog.starts.items()])
        while read < backlog.events:
            messages = consumer.consume(_AT_ONCE, timeout=_PATIENCE)
            read += _some(len(messages))
            pace.saw(read, time.perf_counter())
    finally:
        consumer.close()
    return pace.per_second


async def by_aiokafka(settings: Settings, backlog: Backlog) -> int | None:
    """Events a second. Raises SourceUnavailable."""
    pace, read = Pace(), 0
    consumer = AIOKafkaConsumer(bootstrap_servers=str(settings.kafka), enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([Partition(TOPIC, number) for number in backlog.starts])
        for number, offset in backlog.starts.items():
            consumer.seek(Partition(TOPIC, number), offset)
        while read < backlog.events:
            fetched = await consumer.getmany(timeout_ms=int(_PATIENCE * 1000), max_records=_AT_ONCE)
            read += _some(sum(len(records) for records in fetched.values()))
            pace.saw(read, time.perf_counter())
    finally:
        await consumer.stop()
    return pace.per_second


def _some(count: int) -> int:
    if not count:
        raise SourceUnavailable(f"Nothing more came of {TOPIC} within {_PATIENCE:.0f} s: see `bin/dataflix status`.")
    return count
