"""What the topics hold of a person: the newest state of each masked row, tombstones where one is missing, and how long
the topics keep what was said before.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from clickhouse.topic_reader import REPLY_SECONDS, TopicReader, reported
from dataflix import masked_events as events
from dataflix.contracts import Table
from dataflix.kafka_access import librdkafka
from dataflix.settings import WORKER_GROUP, KafkaBroker

_GONE = b'"%s":1' % events.DELETED.encode()


@dataclass(slots=True)
class PersonInTopic:
    """What one masked topic tells of a person, read so far. Pure."""

    mentions: re.Pattern[bytes]
    newest: dict[bytes, tuple[int, bytes | None, datetime]] = field(default_factory=dict)  # partition, value, when
    told_at: list[datetime] = field(default_factory=list)  # events that hold something of the person

    def take(self, partition: int, key: bytes, value: bytes | None, at: datetime) -> None:
        """One message, in the order of its partition."""
        mentioned = value is not None and self.mentions.search(value) is not None
        if mentioned or key in self.newest:
            self.newest[key] = (partition, value, at)
        if mentioned and _GONE not in (value or b""):
            self.told_at.append(at)

    def without_tombstone(self) -> dict[bytes, int]:
        """Keys, with their partition, whose newest message is the person's or a deletion that no tombstone follows."""
        return {
            key: partition
            for key, (partition, value, _) in self.newest.items()
            if value is not None and (_GONE in value or self.mentions.search(value))
        }

    def tombstones_since(self, moment: datetime) -> int:
        """Keys that were erased at ``moment`` or later."""
        return sum(value is None and at >= moment for _, value, at in self.newest.values())


def mentions_of(person: str, user_id: int, hashes: Iterable[str]) -> re.Pattern[bytes]:
    """What a masked event that concerns the person contains: the number under its name, or one of the hashes."""
    texts = [
        rb'"%s":%d[,}]' % (person.encode(), user_id),
        *(re.escape(f'"{text}"').encode() for text in sorted(hashes)),
    ]
    return re.compile(b"|".join(texts))


class MaskedTopics:
    """What the masked topics tell of a person."""

    def __init__(self, kafka: KafkaBroker, tables: Sequence[Table], mentions: re.Pattern[bytes]) -> None:
        self._kafka = kafka
        self.people = {table.masked_topic: PersonInTopic(mentions) for table in tables}
        self._reader = TopicReader(kafka, self.people)

    def read(self) -> None:
        """Take in everything up to the present end of each topic. Raises SourceUnavailable."""
        self._reader.read()

    def entomb(self) -> int:
        """Publish the tombstones that are missing; how many. Raises SourceUnavailable."""
        missing = [
            (topic, partition, key)
            for topic, person in self.people.items()
            for key, partition in person.without_tombstone().items()
        ]
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failures.append(error)

        with reported(self._kafka):
            producer = Producer(librdkafka(self._kafka) | {"acks": "all", "log_level": 0})
            for topic, partition, key in missing:
                producer.produce(topic, key=key, value=None, partition=partition, on_delivery=delivered)
                producer.poll(0)
            if producer.flush(REPLY_SECONDS) or failures:
                raise KafkaException(*failures[:1] or [KafkaError(KafkaError._TIMED_OUT)])
        return len(missing)

    def found(self) -> dict[str, int]:
        """Keys of the person that the newest state of a topic still holds, by topic."""
        counts = {topic: len(person.without_tombstone()) for topic, person in self.people.items()}
        return {topic: count for topic, count in counts.items() if count}

    def close(self) -> None:
        self._reader.close()


class Broker:
    """What an erasure asks the broker beside messages."""

    def __init__(self, kafka: KafkaBroker) -> None:
        self._kafka = kafka
        self._client = librdkafka(kafka) | {"log_level": 0}

    def delivered(self, table: Table, offsets: Mapping[int, int]) -> bool:
        """Whether the worker has committed the messages of ``offsets``, by partition: none of them comes again."""
        with reported(self._kafka):
            consumer = Consumer(self._client | {"group.id": WORKER_GROUP, "enable.auto.commit": False})
            try:
                asked = [TopicPartition(table.private_topic, partition) for partition in offsets]
                committed = consumer.committed(asked, timeout=REPLY_SECONDS)
            finally:
                consumer.close()
        return all(place.offset > offsets[place.partition] for place in committed)

    def kept_for(self, topics: Sequence[str], *settings: str) -> timedelta | None:
        """The sum of ``settings`` (in milliseconds) of that topic where it is longest; None for without end."""
        with reported(self._kafka):
            admin = AdminClient(self._client)
            resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
            described = [future.result(REPLY_SECONDS) for future in admin.describe_configs(resources).values()]
        sums = []
        for config in described:
            values = [int(config[name].value) for name in settings]
            if min(values) < 0:
                return None
            sums.append(sum(values))
        return timedelta(milliseconds=max(sums))
