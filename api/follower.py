"""Follows the masked topics: from where the histories of ClickHouse end, or from their beginning, since compacted they
are the whole state. Nothing is stored here.

A thread reads, because the client's calls block; the event loop applies, so that what a request reads changes between
requests and never under one. No offsets are committed: every API process wants every event, and all of them each time.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from logging import getLogger

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import TopicMetadata  # type: ignore[attr-defined]  # not marked

from api.boot import Booted, HistoryReader
from api.changes import Change, read_change
from api.progress import Partition, Progress, Source
from api.replica import Effect, Replica
from dataflix.contracts import Table
from dataflix.errors import MalformedEvent
from dataflix.kafka_access import ClientSettings, kafka_refusal, librdkafka
from dataflix.masked_events import MaskedEvent, read_masked_event
from dataflix.settings import KafkaBroker

log = structlog.get_logger(__name__)

BATCH = 1_000  # messages; applying them holds the event loop for a few milliseconds
PATIENCE = 0.2  # seconds that a read waits for its first message, and a stop for the thread
LOOK_EVERY = 5.0  # seconds between looks for new topics and partitions; each is also proof that the broker answers
LOOK_SOONER = 0.5  # seconds, while topics are missing
METADATA_TIMEOUT = 2.0  # seconds


@dataclass(slots=True)
class Batch:
    """What one read brought."""

    heard: bool = False  # the broker answered
    booted: Booted | None = None  # the histories that all of the rest comes on top of
    began: dict[Partition, int] = field(default_factory=dict)  # partitions that are new, and where they end now
    events: list[MaskedEvent] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)  # what each of the events means
    commits: list[datetime] = field(default_factory=list)  # when each of the changes was committed
    rejected: int = 0
    announced: bool = False  # something came on the topic of announcements
    positions: dict[Partition, int] = field(default_factory=dict)  # everything below this offset is in this batch
    ends: dict[Partition, int] = field(default_factory=dict)  # offsets where partitions ended when they were looked at


def take_in(batch: Batch, replica: Replica, progress: Progress) -> list[Effect]:
    """Apply a batch: the changes first, then how far they bring us. Says what each of the changes did."""
    if batch.booted:
        histories = batch.booted.histories
        replica.adopt(histories.replica)
        progress.source = Source.CLICKHOUSE
        progress.rejected += histories.rejected
        if histories.newest_commit:
            progress.committed(histories.newest_commit)
    effects = [replica.apply(change) for change in batch.changes]
    progress.rejected += batch.rejected
    progress.heard()
    if batch.commits:
        progress.committed(max(batch.commits))
    for partition, end in batch.began.items():
        progress.began(partition, end)
    for partition, end in batch.ends.items():
        progress.saw_end(partition, end)
    for partition, position in batch.positions.items():
        progress.reached(partition, position)
    return effects


class Follower:
    """Reads in a thread of its own and hands each batch to ``deliver`` in the event loop, one at a time.

    ``announcements`` is one more topic, of which only the fact counts that something came. ``boot`` is asked once, when
    the broker has answered.
    """

    def __init__(
        self,
        broker: KafkaBroker,
        tables: Iterable[Table],
        announcements: str,
        deliver: Callable[[Batch], None],
        look_every: float = LOOK_EVERY,
        boot: HistoryReader | None = None,
    ) -> None:
        self._broker = broker
        self._tables = {table.masked_topic: table for table in tables}
        self._announcements = announcements
        self._deliver = deliver
        self._look_every = look_every
        self._boot = boot
        self._begin: Mapping[Partition, int] = {}  # where to begin, elsewhere than at the beginning
        self._assigned: dict[Partition, TopicPartition] = {}
        self._away = False
        self._stopping = threading.Event()

    async def run(self) -> None:
        """Follow until cancelled. Whatever ends the thread before that is raised here."""
        loop = asyncio.get_running_loop()
        thread = asyncio.create_task(asyncio.to_thread(self._follow, loop), name="follower")
        try:
            await asyncio.shield(thread)
        finally:
            self._stopping.set()
            await thread

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        consumer = Consumer(_consumer_settings(self._broker), logger=getLogger("kafka"))
        next_look = time.monotonic()
        try:
            while not self._stopping.is_set():
                batch = Batch()
                if time.monotonic() >= next_look:
                    complete = self._look(consumer, batch)
                    next_look = time.monotonic() + (self._look_every if complete else LOOK_SOONER)
                self._read(consumer, batch)
                if batch.heard:
                    asyncio.run_coroutine_threadsafe(self._hand_over(batch), loop).result()
        finally:
            consumer.close()

    async def _hand_over(self, batch: Batch) -> None:
        self._deliver(batch)

    def _look(self, consumer: Consumer, batch: Batch) -> bool:
        """Take up topics and partitions that are new; False when some are still missing or the broker is away."""
        wanted = {*self._tables, self._announcements}
        try:
            topics = consumer.list_topics(timeout=METADATA_TIMEOUT).topics
            batch.heard = True
            if self._boot and self._tables.keys() <= topics.keys():
                self._read_histories(consumer, batch, self._boot, topics)
            self._boot = None
            there = [(topic, number) for topic in wanted & topics.keys() for number in topics[topic].partitions]
            self._take_up(consumer, batch, [partition for partition in there if partition not in self._assigned])
        except KafkaException as error:
            if not self._away:
                log.warning("stream_away", reason=kafka_refusal(self._broker) or error.args[0].name())
            self._away = True
            return False
        if self._away:
            log.info("stream_back")
        self._away = False
        for partition, assigned in self._assigned.items():
            _, end = consumer.get_watermark_offsets(assigned, cached=True)
            if end > 0:
                batch.ends[partition] = end
        return wanted <= set(topics)

    def _read_histories(
        self, consumer: Consumer, batch: Batch, boot: HistoryReader, topics: Mapping[str, TopicMetadata]
    ) -> None:
        followed = [(topic, number) for topic in self._tables for number in topics[topic].partitions]
        tables = {topic: table.name for topic, table in self._tables.items()}
        batch.booted = boot.read(tables, _ends(consumer, followed), self._stopping.wait)
        if batch.booted:
            self._begin = batch.booted.positions

    def _take_up(self, consumer: Consumer, batch: Batch, new: Sequence[Partition]) -> None:
        # All ends first: on a consumer that already fetches, each question waits for the broker's answer to a fetch
        for partition, end in _ends(consumer, new).items():
            begin = self._begin.get(partition, 0)
            if begin > end:  # the topic was made anew
                begin = 0
            self._assigned[partition] = TopicPartition(*partition, begin or OFFSET_BEGINNING)
            batch.began[partition], batch.positions[partition] = end, begin
        if new:
            consumer.incremental_assign([self._assigned[partition] for partition in new])

    def _read(self, consumer: Consumer, batch: Batch) -> None:
        first = consumer.poll(PATIENCE)
        if first is None:
            return
        # A read of many messages waits until there are so many; the first one alone is waited for.
        for message in (first, *consumer.consume(BATCH - 1, timeout=0)):
            self._sort_in(message, batch)

    def _sort_in(self, message: Message, batch: Batch) -> None:
        error = message.error()
        partition, offset = (message.topic() or "", message.partition() or 0), message.offset() or 0
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            log.warning("stream_error", topic=partition[0], partition=partition[1], reason=error.name())
            return
        batch.heard = True
        if error is not None:
            batch.positions[partition] = batch.ends[partition] = offset
            return
        batch.positions[partition] = offset + 1
        value = message.value()
        if partition[0] == self._announcements:
            batch.announced = True
        elif isinstance(value, bytes):  # what has no value is a tombstone: the delete came right before it
            try:
                event = read_masked_event(self._tables[partition[0]], value)
                change = read_change(event)
            except MalformedEvent as malformed:
                batch.rejected += 1
                log.warning(
                    "event_rejected", topic=partition[0], partition=partition[1], offset=offset, reason=str(malformed)
                )
            else:
                batch.events.append(event)
                batch.changes.append(change)
                batch.commits.append(event.committed_at)


def _ends(consumer: Consumer, partitions: Iterable[Partition]) -> dict[Partition, int]:
    return {
        partition: consumer.get_watermark_offsets(TopicPartition(*partition), timeout=METADATA_TIMEOUT)[1]
        for partition in partitions
    }


def _consumer_settings(broker: KafkaBroker) -> ClientSettings:
    return {
        **librdkafka(broker),
        "group.id": "dataflix-api",  # demanded by the client; nothing joins it
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",  # a topic that was made anew is followed from its beginning
        "fetch.queue.backoff.ms": 10,
        "reconnect.backoff.max.ms": 1_000,
        "log_level": 2,  # an outage would fill the log with one line for each attempt; we say it once
        "queued.max.messages.kbytes": 16_384,
    }
