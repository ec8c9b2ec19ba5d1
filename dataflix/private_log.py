"""Reading topics by coordinates, without becoming a member of any consumer group."""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from dataflix.dead_letters import Coordinates
from dataflix.errors import SourceUnavailable
from dataflix.kafka_access import kafka_refusal, librdkafka
from dataflix.settings import KafkaBroker

REPLY_SECONDS = 10.0
NEAR = 1_000  # reading over as many records is quicker than asking anew

_librdkafka = logging.getLogger("librdkafka")


class Record(NamedTuple):
    """A message of a topic, with the names that aiokafka gives its parts."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0  # milliseconds since 1970; 0 where it does not matter
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def coordinates(self) -> Coordinates:
        return Coordinates(self.topic, self.partition, self.offset)


class PrivateLog(Protocol):
    """What a replay reads. Every method raises SourceUnavailable."""

    def span(self, topic: str, partition: int) -> range:
        """The offsets that the partition holds now; empty when there is no such partition."""

    def read(self, topic: str, partition: int, offsets: range) -> Iterator[Record]:
        """The records in ``offsets`` that are still there, in their order."""

    def acknowledged(self, topic: str, partition: int) -> int:
        """The offset before which the worker has delivered everything; the first one when it has delivered nothing."""


class KafkaLog:
    """Reads from a broker."""

    def __init__(self, kafka: KafkaBroker, group: str) -> None:
        """``group`` is the worker's: its commits are looked up. Nothing is read or committed in its name."""
        self._kafka = kafka
        self._consumer = Consumer(
            {
                **librdkafka(kafka),
                "group.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",  # an offset that is gone is gone
                "enable.partition.eof": True,
            },
            logger=_librdkafka,
        )

    def span(self, topic: str, partition: int) -> range:
        try:
            found = self._consumer.list_topics(topic, timeout=REPLY_SECONDS).topics[topic]
            if found.error is not None or partition not in found.partitions:
                return range(0)
            return range(*self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=REPLY_SECONDS))
        except KafkaException as error:
            raise self._away(error.args[0]) from None

    def read(self, topic: str, partition: int, offsets: range) -> Iterator[Record]:
        if not offsets:
            return
        self._consumer.assign([TopicPartition(topic, partition, offsets.start)])
        deadline = time.monotonic() + REPLY_SECONDS
        while True:
            message = self._consumer.poll(max(0.0, deadline - time.monotonic()))
            if message is None:
                raise self._away(KafkaError(KafkaError._TIMED_OUT))
            if (error := message.error()) is not None:
                if error.code() in {KafkaError._PARTITION_EOF, KafkaError._AUTO_OFFSET_RESET}:
                    return
                if error.retriable() or error.code() == KafkaError._TRANSPORT:
                    continue
                raise self._away(error)
            deadline = time.monotonic() + REPLY_SECONDS
            offset = message.offset()
            if offset is None or offset >= offsets.stop:
                return
            headers = tuple((str(header[0]), _bytes(header[1]) or b"") for header in message.headers() or ())
            yield Record(topic, partition, offset, _bytes(message.key()), _bytes(message.value()), headers=headers)
            if offset + 1 >= offsets.stop:
                return

    def acknowledged(self, topic: str, partition: int) -> int:
        try:
            (position,) = self._consumer.committed([TopicPartition(topic, partition)], timeout=REPLY_SECONDS)
        except KafkaException as error:
            raise self._away(error.args[0]) from None
        return max(position.offset, self.span(topic, partition).start)  # an absent commit is a negative offset

    def close(self) -> None:
        self._consumer.close()

    def _away(self, error: KafkaError) -> SourceUnavailable:
        return SourceUnavailable(
            kafka_refusal(self._kafka)
            or f"Kafka at {self._kafka} does not answer as it should ({error.name()}): see that it runs "
            "(`bin/dataflix status`) and its log, `bin/dataflix logs kafka`."
        )


def read_at(log: PrivateLog, wanted: Iterable[Coordinates]) -> dict[Coordinates, Record]:
    """The records at ``wanted`` that are still there. Raises SourceUnavailable."""
    due = frozenset(wanted)
    found: dict[Coordinates, Record] = {}
    for first, last in stretches(due):
        there = log.span(first.topic, first.partition)
        offsets = range(max(first.offset, there.start), min(last.offset + 1, there.stop))
        for record in log.read(first.topic, first.partition, offsets):
            if record.coordinates in due:
                found[record.coordinates] = record
    return found


def stretches(wanted: Iterable[Coordinates]) -> list[tuple[Coordinates, Coordinates]]:
    """First and last of those that are near enough to be read in one go, in order."""
    runs: list[tuple[Coordinates, Coordinates]] = []
    for at in sorted(wanted):
        if runs and runs[-1][1][:2] == at[:2] and at.offset - runs[-1][1].offset <= NEAR:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs


def _bytes(part: str | bytes | None) -> bytes | None:
    return part.encode() if isinstance(part, str) else part
