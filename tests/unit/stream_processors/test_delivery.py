"""A batch is delivered when both ClickHouse and Kafka have it, however long that takes."""

import pytest
from fetched import RATINGS, a_batch, a_preparer, a_record, rating_records
from prometheus_client import CollectorRegistry
from troubled import BrokenSink, PublisherAwayFor, SinkAwayFor

from stream_processors.batches import Batch
from stream_processors.delivery import Delivery
from stream_processors.event_publisher import MemoryPublisher
from stream_processors.instruments import Instruments
from stream_processors.raw_sink import MemorySink


def a_delivery(sink: MemorySink, publisher: MemoryPublisher, registry: CollectorRegistry | None = None) -> Delivery:
    return Delivery(sink, publisher, Instruments(registry or CollectorRegistry(), clock=lambda: 1_800_000_000.0))


def two_ratings() -> Batch:
    return a_preparer().prepare([a_batch(*rating_records(7, 8))])


async def test_rows_and_messages_of_a_batch_arrive() -> None:
    sink, publisher, batch = MemorySink(), MemoryPublisher(), two_ratings()
    assert await a_delivery(sink, publisher).deliver(batch, lambda: True)
    assert set(sink.final(RATINGS)) == {(7,), (8,)}
    assert publisher.messages == list(batch.messages)


async def test_an_insert_is_repeated_until_it_is_acknowledged_and_stored_once() -> None:
    sink, publisher = SinkAwayFor(2), MemoryPublisher()
    assert await a_delivery(sink, publisher).deliver(two_ratings(), lambda: True)
    assert sink.tries == 3
    assert len(sink.rows["ratings"]) == 2
    assert len(publisher.messages) == 2  # what succeeded is not repeated


async def test_a_publication_is_repeated_until_it_is_acknowledged() -> None:
    sink, publisher = SinkAwayFor(0), PublisherAwayFor(2)
    assert await a_delivery(sink, publisher).deliver(two_ratings(), lambda: True)
    assert (publisher.tries, sink.tries) == (3, 1)


async def test_every_try_that_failed_is_counted_by_its_target() -> None:
    registry = CollectorRegistry()
    await a_delivery(SinkAwayFor(2), PublisherAwayFor(1), registry).deliver(two_ratings(), lambda: True)
    tries = {
        target: registry.get_sample_value("dataflix_worker_retries_total", {"target": target})
        for target in ("raw.ratings", "kafka")
    }
    assert tries == {"raw.ratings": 2, "kafka": 1}


async def test_a_batch_whose_partitions_have_moved_is_left_to_their_new_owner() -> None:
    sink = SinkAwayFor(1_000)
    assert not await a_delivery(sink, MemoryPublisher()).deliver(two_ratings(), lambda: sink.tries < 2)
    assert sink.tries == 2


async def test_an_error_that_nobody_expected_is_not_repeated() -> None:
    with pytest.raises(ZeroDivisionError):
        await a_delivery(BrokenSink(), MemoryPublisher()).deliver(two_ratings(), lambda: True)


async def test_a_batch_of_tombstones_has_nothing_to_deliver() -> None:
    sink, publisher = SinkAwayFor(1_000), PublisherAwayFor(1_000)
    batch = a_preparer().prepare([a_batch(a_record(None))])
    assert await a_delivery(sink, publisher).deliver(batch, lambda: True)
    assert sink.tries == publisher.tries == 0
