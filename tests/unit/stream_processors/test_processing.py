"""What is acknowledged, when, and how the loop ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from fetched import a_batch, a_preparer, a_record, rating_records
from prometheus_client import CollectorRegistry
from troubled import BrokenSink, GatedSink

from stream_processors.batch_consumer import FetchedBatch
from stream_processors.delivery import Delivery
from stream_processors.event_publisher import MemoryPublisher
from stream_processors.health import WorkerStatus
from stream_processors.instruments import Instruments
from stream_processors.patience import TooManyDeadLetters
from stream_processors.processing import Processing
from stream_processors.raw_sink import MemorySink

PRESENT, PAST = 1, 0


@dataclass
class AnEvent:
    batch: FetchedBatch
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    considered: asyncio.Event = field(default_factory=asyncio.Event)

    def acknowledge(self) -> None:
        assert self.batch.delivered
        self.acknowledged.set()


@dataclass
class Bench:
    """A processing loop over a queue of events."""

    sink: MemorySink
    events: "asyncio.Queue[AnEvent]" = field(default_factory=asyncio.Queue)
    sent: list[AnEvent] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    failed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        instruments = Instruments(CollectorRegistry(), clock=lambda: 1_800_000_000.0)
        self.processing = Processing(
            a_preparer(limit=2),
            Delivery(self.sink, MemoryPublisher(), instruments),
            WorkerStatus(),
            is_current=self.is_current,
            give_up=self.give_up,
        )
        self.loop = asyncio.create_task(self.processing.run(self.stream()))

    def is_current(self, batch: FetchedBatch) -> bool:
        for event in self.sent:
            if event.batch is batch:
                event.considered.set()
        return batch.assignment == PRESENT

    def give_up(self, error: BaseException) -> None:
        self.failures.append(error)
        self.failed.set()

    async def stream(self) -> AsyncIterator[AnEvent]:
        while True:
            yield await self.events.get()

    def send(self, *records: Any, assignment: int = PRESENT) -> AnEvent:
        event = AnEvent(a_batch(*records, assignment=assignment))
        self.sent.append(event)
        self.events.put_nowait(event)
        return event

    def stored(self) -> list[int]:
        return [row["rating_id"] for row in self.sink.rows["ratings"]]


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), timeout=10)


async def test_an_event_is_acknowledged_after_its_rows_are_stored() -> None:
    sink = GatedSink()
    bench = Bench(sink)
    event = bench.send(*rating_records(7))
    await soon(sink.knocked)
    assert not event.acknowledged.is_set()
    sink.gate.set()
    await soon(event.acknowledged)
    assert bench.stored() == [7]


async def test_batches_are_stored_in_their_order_even_when_the_first_one_waits() -> None:
    sink = GatedSink()
    bench = Bench(sink)
    first = bench.send(*rating_records(1))
    await soon(sink.knocked)
    second = bench.send(*rating_records(2, first_offset=1))
    third = bench.send(*rating_records(3, first_offset=2))
    await soon(second.considered)
    assert not second.acknowledged.is_set()
    sink.gate.set()
    for event in (first, second, third):
        await soon(event.acknowledged)
    assert bench.stored() == [1, 2, 3]


async def test_what_was_fetched_before_partitions_moved_is_not_delivered() -> None:
    bench = Bench(MemorySink())
    stale = bench.send(*rating_records(1), assignment=PAST)
    current = bench.send(*rating_records(2))
    await soon(current.acknowledged)
    assert bench.stored() == [2]
    assert not stale.acknowledged.is_set()


async def test_an_unexpected_error_of_a_delivery_ends_the_worker_and_acknowledges_nothing() -> None:
    bench = Bench(BrokenSink())
    event = bench.send(*rating_records(7))
    await soon(bench.failed)
    assert [type(error) for error in bench.failures] == [ZeroDivisionError]
    assert not event.acknowledged.is_set()


async def test_too_many_dead_letters_end_the_worker_and_acknowledge_nothing() -> None:
    bench = Bench(MemorySink())
    event = bench.send(a_record(b"no"), a_record(b"no"))
    await soon(bench.failed)
    assert [type(error) for error in bench.failures] == [TooManyDeadLetters]
    assert not event.acknowledged.is_set()


async def test_a_loop_that_faust_cancels_leaves_its_delivery_alone() -> None:
    sink = GatedSink()
    bench = Bench(sink)
    event = bench.send(*rating_records(7))
    await soon(sink.knocked)
    bench.loop.cancel()
    await asyncio.wait({bench.loop})
    sink.gate.set()
    await soon(event.acknowledged)
    assert not bench.failures


async def test_draining_waits_for_the_delivery_under_way_and_takes_on_nothing_new() -> None:
    sink = GatedSink()
    bench = Bench(sink)
    under_way = bench.send(*rating_records(1))
    await soon(sink.knocked)
    draining = asyncio.create_task(bench.processing.drain())
    await asyncio.sleep(0)
    late = bench.send(*rating_records(2, first_offset=1))
    sink.gate.set()
    await asyncio.wait_for(draining, timeout=10)
    assert under_way.acknowledged.is_set()
    await soon(late.considered)
    assert not late.acknowledged.is_set()
    assert bench.stored() == [1]
