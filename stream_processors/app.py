"""The Faust application: its configuration, and the agent that hands batches to `Processing`."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import faust
from faust.auth import Credentials, SASLCredentials, SSLCredentials
from faust.streams import Stream
from faust.types import TP, EventT, StreamT

from dataflix.settings import WORKER_GROUP, KafkaBroker
from stream_processors.batch_consumer import BatchConsumer, BatchTransport, FetchedBatch
from stream_processors.processing import Processing

SESSION_SECONDS = 6  # how soon the partitions of a worker that died go to another one
HEARTBEAT_SECONDS = 2
COMMIT_SECONDS = 0.5  # what a crash repeats at most, beside the batches on their way
FETCH_EVENTS = 5_000
FETCH_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class FaustEvent:
    """One of Faust's events as `Processing` sees it."""

    event: EventT[FetchedBatch]

    @property
    def batch(self) -> FetchedBatch:
        return cast("FetchedBatch", self.event.message.value)

    def acknowledge(self) -> None:
        self.event.ack()


def build_app(kafka: KafkaBroker, folder: Path, instance_id: str = "") -> faust.App:
    """The application, without an agent yet. ``folder`` takes what Faust keeps on disk.

    ``instance_id`` names a member of the consumer group for good: a restart within the session keeps its partitions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        WORKER_GROUP,
        broker=f"kafka://{kafka}",
        broker_credentials=_credentials(kafka),
        datadir=folder,
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_commit_interval=COMMIT_SECONDS,
        broker_max_poll_records=FETCH_EVENTS,
        consumer_max_fetch_size=FETCH_BYTES,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=instance_id or None,
        stream_buffer_maxsize=2,  # in batches
        stream_wait_empty=False,  # what was not delivered is read again
        topic_allow_declare=False,  # whoever registers the connector creates the topics
        topic_disable_leader=True,
        table_standby_replicas=0,  # there is no table: aiokafka spreads the partitions
        web_enabled=False,
        autodiscover=False,
    )
    app.transport = BatchTransport(app.conf.broker_consumer, app)
    return app


def _credentials(kafka: KafkaBroker) -> Credentials | None:
    """What Faust hands to aiokafka."""
    tls = ssl.create_default_context(cafile=kafka.ca_file) if kafka.protocol.endswith("SSL") else None
    if kafka.protocol.startswith("SASL"):
        password = kafka.password.get_secret_value()
        return SASLCredentials(username=kafka.username, password=password, ssl_context=tls, mechanism=kafka.mechanism)
    return SSLCredentials(tls) if tls else None


def consumer_of(app: faust.App) -> BatchConsumer:
    """The application's consumer."""
    return cast("BatchConsumer", app.consumer)


@dataclass(frozen=True, slots=True)
class FaustPartitions:
    """The partitions that the application's consumer reads."""

    app: faust.App

    def pause(self, topic: str, partition: int) -> None:
        consumer_of(self.app).pause(topic, partition)

    def resume(self, topic: str) -> None:
        consumer_of(self.app).resume(topic)


def attach(app: faust.App, topics: Sequence[str], processing: Processing, assigned: Callable[[int], None]) -> None:
    """Let ``processing`` handle the batches of ``topics``; ``assigned`` learns how many partitions it reads."""

    async def process(stream: StreamT[FetchedBatch]) -> None:
        async def events() -> AsyncIterator[FaustEvent]:
            async for event in cast("Stream[FetchedBatch]", stream).noack().events():
                yield FaustEvent(event)

        await processing.run(events())
        await asyncio.Event().wait()  # an agent that returns is started again

    async def on_assigned(_app: Any, /, *partitions: set[TP], **_: Any) -> None:
        assigned(len(partitions[0]))

    async def on_revoked(_app: Any, /, *_partitions: set[TP], **_: Any) -> None:
        assigned(0)

    app.agent(app.topic(*topics, key_serializer="raw", value_serializer="raw"), concurrency=1)(process)
    app.on_partitions_assigned.connect(on_assigned, weak=False)
    app.on_partitions_revoked.connect(on_revoked, weak=False)
