"""The wiring of the commands about dead letters: what they read, replay and mark is opened and closed here."""

import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from dataflix import dead_letters
from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.contracts import Contracts
from dataflix.dead_letters import Coordinates, DeadLetter, Ending, Resolution
from dataflix.letter_box import Box, fold
from dataflix.private_log import KafkaLog, read_at
from dataflix.settings import WORKER_GROUP, Settings
from stream_processors.batches import Batch, BatchPreparer, Message
from stream_processors.delivery import Delivery
from stream_processors.event_publisher import KafkaPublisher
from stream_processors.instruments import Instruments
from stream_processors.patience import Patience
from stream_processors.raw_sink import ClickHouseSink
from stream_processors.replay import Outcome, OwnTokens, Replay, Replayed

PATIENCE_SECONDS = 30.0  # for one delivery: a person waits, where the worker would try for ever


class Desk:
    """Where dead letters are worked on."""

    def __init__(self, contracts: Contracts, log: KafkaLog, publisher: KafkaPublisher, replay: Replay) -> None:
        self._contracts = contracts
        self._log = log
        self._publisher = publisher
        self._replay = replay

    def box(self) -> Box:
        """How things stand now. Raises SourceUnavailable."""
        there = self._log.span(dead_letters.TOPIC, 0)
        return fold(self._log.read(dead_letters.TOPIC, 0, there), self._contracts)

    def holds(self, event: Coordinates) -> bool:
        """Whether the event is still in its private topic. Raises SourceUnavailable."""
        return event in read_at(self._log, [event])

    async def replay(self, letters: Iterable[DeadLetter]) -> AsyncIterator[list[Replayed]]:
        """Replay letters and mark those that could be processed. Raises SourceUnavailable."""
        async for some in self._replay.run(letters):
            await self.finish((done.coordinates for done in some if done.outcome is Outcome.REPLAYED), Ending.REPLAYED)
            yield some

    async def finish(self, events: Iterable[Coordinates], ending: Ending) -> None:
        """Mark letters as done with. Raises SourceUnavailable."""
        value = Resolution(ending, datetime.now(UTC)).value()
        messages = [Message(dead_letters.TOPIC, event.key(), value) for event in events]
        if messages:
            await self._publisher.publish(messages)


@contextmanager
def open_desk(settings: Settings, contracts: Contracts) -> Iterator[Desk]:
    """The desk of one command."""
    log = KafkaLog(settings.kafka, WORKER_GROUP)
    publisher = KafkaPublisher(settings.kafka)
    sink = ClickHouseSink(lambda: open_clickhouse(settings, ClickHouseUser.WORKER))
    own = OwnTokens(sink, uuid.uuid4().hex)
    delivery = Delivery(own, publisher, Instruments(CollectorRegistry(), time.time))

    preparer = BatchPreparer(
        contracts,
        masking_key=settings.masking_key.get_secret_value().encode(),
        patience=Patience(sys.maxsize),
        clock=lambda: datetime.now(UTC),
    )

    async def deliver(batch: Batch) -> bool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        return await delivery.deliver(batch, lambda: time.monotonic() < deadline)

    try:
        yield Desk(contracts, log, publisher, Replay(contracts, preparer, log, own, deliver))
    finally:
        sink.close()
        publisher.close()
        log.close()
