"""Publishing masked events and dead letters to Kafka, or to a list in memory for tests."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException, Producer

from dataflix.errors import SourceUnavailable
from dataflix.kafka_access import librdkafka
from dataflix.masked_events import LARGEST_MESSAGE_BYTES
from dataflix.settings import KafkaBroker
from stream_processors.batches import Message

PATIENCE_SECONDS = 10.0
_FLUSH_MARGIN_SECONDS = 2.0  # the reports of what was given up come a little after the patience has ended
_SETTINGS = {
    "acks": "all",
    "enable.idempotence": True,  # no repeats and no reordering inside of one run of the worker
    "partitioner": "murmur2_random",  # the partitions that Java clients compute
    "linger.ms": 2,
    "delivery.report.only.error": True,  # no call of Python for each message that arrived: flush counts what is left
    "reconnect.backoff.max.ms": 1_000,  # a broker that is back is found within a second, not within ten
    "message.max.bytes": LARGEST_MESSAGE_BYTES,
}

_librdkafka = logging.getLogger("librdkafka")


class EventPublisher(Protocol):
    """Where masked events and dead letters go."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return when all replicas have every message. Raises SourceUnavailable; then any of them may be published."""


class KafkaPublisher:
    """Publishes in order, by one idempotent producer. One call at a time."""

    def __init__(self, broker: KafkaBroker, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """What is not acknowledged within ``patience_seconds`` has failed, for the caller to publish again."""
        timeout = {"delivery.timeout.ms": int(patience_seconds * 1_000)}
        self._settings = _SETTINGS | timeout | librdkafka(broker)
        self._flush_seconds = patience_seconds + _FLUSH_MARGIN_SECONDS
        self._producer = Producer(self._settings, logger=_librdkafka)

    async def publish(self, messages: Sequence[Message]) -> None:
        await asyncio.to_thread(self._publish, messages)

    def _publish(self, messages: Sequence[Message]) -> None:
        failures: list[KafkaError] = []

        def failed(error: KafkaError | None, _message: object) -> None:
            if error is not None:
                failures.append(error)

        produce = self._producer.produce
        try:
            for topic, key, value in messages:
                produce(topic, value=value, key=key, on_delivery=failed)
        except BufferError:
            failures.append(KafkaError(KafkaError._QUEUE_FULL))
        except KafkaException as error:
            failures.append(error.args[0])
        waiting = self._producer.flush(self._flush_seconds)
        if failures or waiting:
            self._start_over()
            reason = failures[0].name() if failures else "no answer"
            raise SourceUnavailable(
                f"Kafka did not acknowledge {len(failures) + waiting} of {len(messages)} messages ({reason}): "
                "see `bin/dataflix logs kafka`."
            )

    def _start_over(self) -> None:
        """Drop what still waits, which would come late, and the producer with it.

        After messages that it gave up, the broker may refuse its next ones as out of sequence, and after a fatal error
        it publishes nothing more.
        """
        self._producer.purge()
        self._producer = Producer(self._settings, logger=_librdkafka)

    def close(self) -> None:
        self._producer.flush(0)


class MemoryPublisher:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def publish(self, messages: Sequence[Message]) -> None:
        self.messages += messages
