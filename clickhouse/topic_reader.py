"""Reading topics from their beginning to their present end, and later on from where that stopped."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from dataflix.errors import SourceUnavailable
from dataflix.kafka_access import kafka_refusal, librdkafka
from dataflix.settings import KafkaBroker

REPLY_SECONDS = 10.0
_SILENCE_SECONDS = 30.0
_BATCH = 10_000
_BATCH_SECONDS = 0.1  # the client waits as long for a batch to be full

Position = tuple[str, int]  # topic, partition


class Reading(Protocol):
    """What somebody makes of the messages of one topic."""

    def take(self, partition: int, key: bytes, value: bytes | None, at: datetime) -> None:
        """One message, in the order of its partition."""


class TopicReader:
    """Gives the messages of each topic to who reads it."""

    def __init__(self, kafka: KafkaBroker, readings: Mapping[str, Reading]) -> None:
        self._kafka = kafka
        self._readings = readings
        self._next: dict[Position, int] = {}
        self._consumer = Consumer(
            {
                **librdkafka(kafka),
                "group.id": "dataflix-erasure",  # asked for by the client, and never joined
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "log_level": 0,
            }
        )

    def read(self) -> None:
        """Take in everything up to the present end of each topic. Raises SourceUnavailable."""
        with reported(self._kafka):
            left = {(topic, partition) for topic in self._readings for partition in self._partitions(topic)}
            self._consumer.assign([TopicPartition(*place, self._next.get(place, 0)) for place in sorted(left)])
            heard = time.monotonic()
            while left:
                messages = self._consumer.consume(_BATCH, timeout=_BATCH_SECONDS)
                if messages:
                    heard = time.monotonic()
                elif time.monotonic() - heard > _SILENCE_SECONDS:
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
                for message in messages:
                    if self._take(message):
                        left.discard((str(message.topic()), message.partition() or 0))

    def close(self) -> None:
        self._consumer.close()

    def _partitions(self, topic: str) -> list[int]:
        return list(self._consumer.list_topics(topic, timeout=REPLY_SECONDS).topics[topic].partitions)

    def _take(self, message: Message) -> bool:
        """True when the partition is read to its end."""
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                return True
            raise KafkaException(error)
        topic, partition = str(message.topic()), message.partition() or 0
        self._next[topic, partition] = (message.offset() or 0) + 1
        at = datetime.fromtimestamp(message.timestamp()[1] / 1_000, UTC)
        key, value = message.key(), message.value()
        self._readings[topic].take(partition, _bytes(key), None if value is None else _bytes(value), at)
        return False


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value or "").encode()


@contextmanager
def reported(kafka: KafkaBroker) -> Iterator[None]:
    """What Kafka refuses in the block, as SourceUnavailable."""
    try:
        yield
    except (KafkaException, TimeoutError) as error:
        reason = error.args[0].name() if error.args and isinstance(error.args[0], KafkaError) else "no answer"
        raise SourceUnavailable(
            kafka_refusal(kafka)
            or f"Kafka at {kafka} does not serve the topics of the stream ({reason}): see that it runs "
            "(`bin/dataflix status`), and that `python -m connectors register` has made the topics."
        ) from None
