"""What `BatchConsumer` promises, on a real broker: it leans on parts of Faust that may change with any release."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import Mock

import faust
import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from screenings import Screenings, a_screening
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from dataflix.settings import WORKER_GROUP, Settings
from stream_processors.app import FaustEvent, attach, build_app, consumer_of
from stream_processors.batch_consumer import FETCH_WAIT_MS, FetchedBatch

PATIENCE_S = 60.0


def all_of_them(_batch: FetchedBatch) -> bool:
    return True


def none_of_them(_batch: FetchedBatch) -> bool:
    return False


class Recorder:
    """Stands where `Processing` does: notes every batch, and delivers those that it is told to."""

    def __init__(self, delivers: Callable[[FetchedBatch], bool] = all_of_them) -> None:
        self.batches: list[FetchedBatch] = []
        self.events: list[FaustEvent] = []
        self._delivers = delivers

    async def run(self, events: AsyncIterable[FaustEvent]) -> None:
        async for event in events:
            self.batches.append(event.batch)
            self.events.append(event)
            event.batch.delivered = self._delivers(event.batch)
            event.acknowledge()  # as Faust does on its own for messages that it skips

    def offsets(self) -> list[int]:
        return [record.offset for batch in self.batches for record in batch.records]


@pytest.fixture
def screenings(kafka: Settings, tmp_path: Path) -> Screenings:
    made = Screenings(kafka.model_copy(update={"topic_partitions": 1}), tmp_path / "contracts")
    made.create_topics()
    return made


@asynccontextmanager
async def consuming(screenings: Screenings, folder: Path, recorder: Recorder) -> AsyncIterator[faust.App]:
    """An application that reads the private topic, until the end of the block."""
    app = build_app(screenings.settings.kafka, folder / "faust")
    attach(app, [screenings.table.private_topic], recorder, Mock())
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


def write(screenings: Screenings, count: int) -> None:
    for number in range(count):
        screenings.write(a_screening(number))
    screenings.flush()


def committed(screenings: Screenings) -> int | None:
    """The offset that the group would go on from."""
    partition = TopicPartition(screenings.table.private_topic, 0)
    admin = AdminClient({"bootstrap.servers": str(screenings.settings.kafka)})
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(WORKER_GROUP, [partition])])
    (found,) = asked[WORKER_GROUP].result(PATIENCE_S).topic_partitions
    return found.offset if found.offset >= 0 else None


async def until(condition: Callable[[], bool]) -> None:
    retrying = AsyncRetrying(
        retry=retry_if_result(lambda met: not met), stop=stop_after_delay(30), wait=wait_fixed(0.05)
    )

    async def met() -> bool:
        return condition()

    await retrying(met)


async def test_what_one_fetch_brings_is_one_message_and_nothing_is_left_out(
    screenings: Screenings, tmp_path: Path
) -> None:
    write(screenings, 8_000)
    recorder = Recorder()
    async with consuming(screenings, tmp_path, recorder):
        await until(lambda: len(recorder.offsets()) >= 8_000)
    assert recorder.offsets() == list(range(8_000))
    assert len(recorder.batches) < 100


async def test_the_broker_is_asked_to_wait_no_longer_than_we_want(screenings: Screenings, tmp_path: Path) -> None:
    async with consuming(screenings, tmp_path, Recorder()) as app:
        fetcher = consumer_of(app)._thread._ensure_consumer()._fetcher
        assert fetcher._fetch_max_wait_ms == FETCH_WAIT_MS


async def test_offsets_are_committed_up_to_the_first_batch_that_was_not_delivered(
    screenings: Screenings, tmp_path: Path
) -> None:
    recorder = Recorder(delivers=lambda batch: batch.records[0].offset != 2)
    async with consuming(screenings, tmp_path, recorder):
        for offset in range(4):
            write(screenings, 1)
            await until(lambda due=offset: recorder.offsets()[-1:] == [due])
        await until(lambda: committed(screenings) == 2)
    assert committed(screenings) == 2

    successor = Recorder()
    async with consuming(screenings, tmp_path, successor):
        await until(lambda: committed(screenings) == 4)
    assert successor.offsets() == [2, 3]


async def test_a_stop_commits_nothing_that_was_not_delivered(screenings: Screenings, tmp_path: Path) -> None:
    write(screenings, 3_000)
    recorder = Recorder(delivers=none_of_them)
    async with consuming(screenings, tmp_path, recorder):
        await until(lambda: bool(recorder.batches))
    assert committed(screenings) is None


async def test_a_batch_from_before_partitions_moved_is_stale_and_comes_again(
    screenings: Screenings, tmp_path: Path
) -> None:
    recorder = Recorder(delivers=none_of_them)
    async with consuming(screenings, tmp_path, recorder) as app:
        write(screenings, 1)
        await until(lambda: recorder.offsets() == [0])
        old, event = recorder.batches[0], recorder.events[0]
        assert consumer_of(app).is_current(old)

        other = Consumer(
            {
                "bootstrap.servers": str(screenings.settings.kafka),
                "group.id": WORKER_GROUP,
                "partition.assignment.strategy": "roundrobin",
            }
        )
        other.subscribe([screenings.table.private_topic])
        async with asyncio.timeout(PATIENCE_S):
            while consumer_of(app).is_current(old):
                await asyncio.to_thread(other.poll, 0.1)
        other.close()

        await until(lambda: recorder.offsets() == [0, 0])
        old.delivered = True
        event.acknowledge()
        again = recorder.batches[1]
        assert consumer_of(app).is_current(again)
        assert not consumer_of(app).is_current(old)
    assert committed(screenings) is None
