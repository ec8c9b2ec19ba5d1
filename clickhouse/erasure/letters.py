"""The person's dead letters: found by the events that they are about, and closed, so that no replay brings a row back.

A letter holds no number of a person. Its event does, where the private topic still has it; one that is gone cannot be
replayed. An event may be too broken to tell whose it is, but not which row it is of: its key does.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from clickhouse.topic_reader import REPLY_SECONDS, reported
from dataflix import dead_letters
from dataflix.contracts import Contracts, Table
from dataflix.dead_letters import Ending, Resolution
from dataflix.kafka_access import librdkafka
from dataflix.letter_box import Entry, fold
from dataflix.masking import mask_hash
from dataflix.private_log import PrivateLog, Record, read_at
from dataflix.settings import KafkaBroker


@dataclass(frozen=True, slots=True)
class Traces:
    """By what an event is known as one person's. Pure."""

    person: str  # the column that names a person
    user_id: int
    keys: Mapping[str, frozenset[bytes]]  # keys of the person's rows as messages carry them, by private topic
    masking_key: bytes

    def of(self, entry: Entry, event: Record | None) -> bool:
        """Whether a letter is the person's; ``event`` is None where the private topic has let go of it."""
        keys = self.keys.get(entry.letter.topic, frozenset())
        if event is None:
            return entry.letter.key_hash in {mask_hash(key.decode(), self.masking_key) for key in keys}
        named = re.compile(rb'"%s"\s*:\s*"?%d"?\s*[,}\]]' % (self.person.encode(), self.user_id))
        return event.key in keys or any(named.search(part) for part in (event.key, event.value) if part is not None)


def waiting_letters(log: PrivateLog, contracts: Contracts, tables: Sequence[Table], traces: Traces) -> list[Entry]:
    """The letters of the person that nobody is done with. Raises SourceUnavailable."""
    there = log.span(dead_letters.TOPIC, 0)
    topics = {table.private_topic for table in tables}
    waiting = [
        entry
        for entry in fold(log.read(dead_letters.TOPIC, 0, there), contracts).waiting
        if entry.letter.topic in topics
    ]
    events = read_at(log, (entry.coordinates for entry in waiting))
    return [entry for entry in waiting if traces.of(entry, events.get(entry.coordinates))]


def close_letters(kafka: KafkaBroker, entries: Iterable[Entry]) -> None:
    """Mark the letters as forgotten. Raises SourceUnavailable."""
    value = Resolution(Ending.FORGOTTEN, datetime.now(UTC)).value()
    failures: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failures.append(error)

    with reported(kafka):
        producer = Producer(librdkafka(kafka) | {"acks": "all", "log_level": 0})
        for entry in entries:
            producer.produce(dead_letters.TOPIC, key=entry.coordinates.key(), value=value, on_delivery=delivered)
            producer.poll(0)
        if producer.flush(REPLY_SECONDS) or failures:
            raise KafkaException(*failures[:1] or [KafkaError(KafkaError._TIMED_OUT)])
