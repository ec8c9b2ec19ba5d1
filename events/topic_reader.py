"""Following one topic, all of its partitions, without a trace on the broker: no group, no committed offset."""

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from dataflix.errors import SourceUnavailable
from dataflix.kafka_access import ClientSettings, kafka_refusal, librdkafka
from dataflix.settings import KafkaBroker
from events.errors import TopicMissing

REPLY_SECONDS = 5.0
_POLL_SECONDS = 0.2  # an interrupt waits so long at most
_BATCH = 1_000


class Start(Enum):
    """Where to begin."""

    BEGINNING = "beginning"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Received:
    """One message. ``value`` is None for a tombstone."""

    topic: str
    partition: int
    offset: int
    at: datetime  # UTC: when it was published
    key: bytes | None
    value: bytes | None


def follow(
    broker: KafkaBroker, topic: str, start: Start, say: Callable[[str], None]
) -> Generator[Received, None, None]:
    """Yield what the topic holds from ``start`` on, then what comes, for as long as it is asked.

    ``say`` is told that the place is taken: what is published from then on is yielded. It is told once, too, when the
    broker goes away meanwhile; it is waited for.

    Raises SourceUnavailable when the broker does not answer at the beginning, TopicMissing.
    """
    told_away = True  # until there is something to be away from

    def trouble(error: KafkaError) -> None:
        nonlocal told_away
        if error.code() == KafkaError._ALL_BROKERS_DOWN and not told_away:
            told_away = True
            say(f"Kafka at {broker} is away: waiting for it.")

    consumer = Consumer(_settings(broker) | {"error_cb": trouble}, logger=_silent())
    try:
        consumer.assign(_places(consumer, broker, topic, start))
        say(f"Following {topic} at {broker}; Ctrl-C ends.")
        told_away = False
        while True:
            for message in _next(consumer):
                told_away = False
                yield _received(message, topic, broker)
    finally:
        consumer.close()


def _places(consumer: Consumer, broker: KafkaBroker, topic: str, start: Start) -> list[TopicPartition]:
    """Where to begin in each partition, as offsets: from here on nothing is missed."""
    try:
        found = consumer.list_topics(timeout=REPLY_SECONDS).topics.get(topic)
        if found is None:
            raise TopicMissing(f"Kafka at {broker} has no topic {topic} yet: `bin/dataflix up` creates it.")
        places = []
        for number in found.partitions:
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=REPLY_SECONDS)
            places.append(TopicPartition(topic, number, first if start is Start.BEGINNING else end))
    except KafkaException as error:
        raise SourceUnavailable(
            kafka_refusal(broker)
            or f"Kafka does not answer at {broker} ({error.args[0].name()}): see whether it runs "
            "(`bin/dataflix status`)."
        ) from None
    return places


def _next(consumer: Consumer) -> list[Message]:
    """What has come, at once: a read of many messages would wait until there are so many."""
    first = consumer.poll(_POLL_SECONDS)
    return [] if first is None else [first, *consumer.consume(_BATCH - 1, timeout=0)]


def _received(message: Message, topic: str, broker: KafkaBroker) -> Received:
    if error := message.error():
        if error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_PARTITION):
            raise TopicMissing(f"The topic {topic} is not at {broker} any more: it was removed.")
        raise SourceUnavailable(
            f"Kafka at {broker} does not give {topic} ({error.name()}): see `bin/dataflix logs kafka`."
        )
    _, milliseconds = message.timestamp()
    return Received(
        topic=topic,
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        at=datetime.fromtimestamp(milliseconds / 1_000, UTC),
        key=_bytes(message.key()),
        value=_bytes(message.value()),
    )


def _bytes(data: str | bytes | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data


def _settings(broker: KafkaBroker) -> ClientSettings:
    return {
        **librdkafka(broker),
        "client.id": "dataflix-tail",
        "group.id": "dataflix-tail",  # demanded by the client; nothing joins it
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",  # where retention overtakes us, go on with what is left
    }


def _silent() -> logging.Logger:
    """Where librdkafka's own lines go: what matters of them comes as errors."""
    logger = logging.getLogger("librdkafka")
    logger.setLevel(logging.CRITICAL)
    return logger
