"""What is acknowledged, when, and how the loop ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fetched import a_batch, a_preparer, a_record, rating_records
from paused_partitions import PausedPartitions
from prometheus_client import CollectorRegistry
from troubled import BrokenSink, GatedSink

from dataflix.dead_letters import TOPIC as DEAD_LETTERS
from stream_processors.batch_consumer import FetchedBatch
from stream_processors.delivery import Delivery
from stream_processors.event_publisher import MemoryPublisher
from stream_processors.health import WorkerStatus
from stream_processors.instruments import Instruments
from stream_processors.patience import TooManyDeadLetters
from stream_processors.pausing import Pauses
from stream_processors.processing import Processing
from stream_processors.raw_sink import MemorySink
from stream_processors.source_structure import FixedStructure, StructureReading
from tests.debezium import a_rating, a_user, an_event

PRESENT, PAST = 1, 0
EARLY, LATE = 2_000.0, 3_000.0  # seconds since 1970: records of the tests are written at 1,000


@pytest.fixture(autouse=True)
def ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_processors.processing.ASK_SECONDS", 0.01)


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
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    structure: FixedStructure = field(default_factory=FixedStructure)
    partitions: PausedPartitions = field(default_factory=PausedPartitions)
    events: "asyncio.Queue[AnEvent]" = field(default_factory=asyncio.Queue)
    sent: list[AnEvent] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    failed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        instruments = Instruments(CollectorRegistry(), clock=lambda: 1_800_000_000.0)
        preparer = a_preparer(limit=2)
        self.processing = Processing(
            preparer,
            Delivery(self.sink, self.publisher, instruments),
            Pauses(
                self.structure,
                self.partitions,
                instruments,
                tables=preparer.tables,
                is_current=lambda batch: batch.assignment == PRESENT,
            ),
            WorkerStatus(),
            is_current=self.is_current,
            give_up=self.give_up,
        )
        self.watching = asyncio.create_task(self.processing.watch_the_structure())
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


def user_record(number: int = 1) -> Any:
    return a_record(an_event(a_user(number), table="users"), topic="cdc.public.users")


def without(column: str, number: int, *, offset: int) -> Any:
    row = a_rating(number)
    del row[column]
    return a_record(an_event(row, lsn=1_000 + offset), offset=offset)


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


async def test_a_table_that_differs_waits_alone_and_its_batches_go_first_and_in_order_once_it_agrees() -> None:
    bench = Bench(MemorySink(), structure=FixedStructure(StructureReading(EARLY, frozenset({"ratings"}))))
    await bench.partitions.asked(bench.processing)
    first, second = bench.send(*rating_records(1)), bench.send(*rating_records(2, first_offset=1))
    other = bench.send(user_record())
    await soon(other.acknowledged)
    assert (bench.stored(), bench.partitions.paused) == ([], {("cdc.public.ratings", 0)})
    assert not first.acknowledged.is_set()
    bench.structure.reading = StructureReading(LATE, frozenset())
    await soon(second.acknowledged)
    assert (bench.stored(), bench.partitions.paused) == ([1, 2], set())


@pytest.mark.parametrize("column", ["liked", "user_id"])  # nullable, and not
async def test_an_event_that_lacks_a_column_waits_for_a_reading_that_is_newer_than_it(column: str) -> None:
    """A null in its place, or a dead letter, would be wrong when the source has changed."""
    bench = Bench(MemorySink(), structure=FixedStructure(StructureReading(999.0, frozenset())))
    await bench.partitions.asked(bench.processing)
    lacking, other = bench.send(without(column, 1, offset=0)), bench.send(user_record())
    await soon(other.acknowledged)
    assert not lacking.acknowledged.is_set()
    bench.structure.reading = StructureReading(LATE, frozenset({"ratings"}))
    again = bench.send(user_record(2))
    await soon(again.acknowledged)
    assert not lacking.acknowledged.is_set()
    assert bench.stored() == []
    assert not [message for message in bench.publisher.messages if message.topic == DEAD_LETTERS]


@pytest.mark.parametrize("reading", [None, StructureReading(LATE, frozenset())])
async def test_a_single_bad_event_is_a_dead_letter_when_the_source_has_not_changed_or_nobody_knows(
    reading: StructureReading | None,
) -> None:
    bench = Bench(MemorySink(), structure=FixedStructure(reading))
    await bench.partitions.asked(bench.processing)
    event = bench.send(*rating_records(7), without("user_id", 1, offset=1))
    await soon(event.acknowledged)
    assert bench.stored() == [7]
    assert len([message for message in bench.publisher.messages if message.topic == DEAD_LETTERS]) == 1


async def test_too_many_bad_events_of_a_source_that_changed_do_not_end_the_worker() -> None:
    bench = Bench(MemorySink(), structure=FixedStructure(StructureReading(EARLY, frozenset())))
    await bench.partitions.asked(bench.processing)
    late = [a_record(b"no", offset=offset, timestamp=2_500_000) for offset in range(2)]
    waiting, other = bench.send(*late), bench.send(user_record())
    await soon(other.acknowledged)
    assert not waiting.acknowledged.is_set()
    assert not bench.failures
    bench.structure.reading = StructureReading(LATE, frozenset())  # and when it has not, they do
    await soon(bench.failed)


async def test_what_is_held_when_partitions_move_is_left_to_their_new_owner() -> None:
    bench = Bench(MemorySink(), structure=FixedStructure(StructureReading(EARLY, frozenset({"ratings"}))))
    await bench.partitions.asked(bench.processing)
    held, other = bench.send(*rating_records(1)), bench.send(user_record())
    await soon(other.acknowledged)
    held.batch.assignment = PAST
    bench.structure.reading = StructureReading(LATE, frozenset())
    after = bench.send(*rating_records(2, first_offset=1))
    await soon(after.acknowledged)
    assert bench.stored() == [2]
    assert not held.acknowledged.is_set()


async def test_a_table_goes_on_waiting_while_the_watcher_is_away() -> None:
    bench = Bench(MemorySink(), structure=FixedStructure(StructureReading(EARLY, frozenset({"ratings"}))))
    await bench.partitions.asked(bench.processing)
    bench.structure.reading = None
    held, other = bench.send(*rating_records(1)), bench.send(user_record())
    await soon(other.acknowledged)
    assert not held.acknowledged.is_set()
