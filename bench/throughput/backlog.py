"""Many changes at the source that are committed within moments of one another, and where they end in the topic."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from confluent_kafka import Consumer, TopicPartition

from bench.people import Crowd
from dataflix.settings import WORKER_GROUP, Settings

TOPIC = "cdc.public.ratings"
_TRANSACTIONS = 20
_REPLY = 30.0  # seconds
_INSERT: LiteralString = (
    "insert into ratings (user_id, movie_id, rating)"
    " select user_id, movie_id, 4 from unnest(%s::bigint[]) user_id, unnest(%s::bigint[]) movie_id"
)
_UPDATE: LiteralString = "update ratings set rated_at = now() where user_id = any(%s)"

Offsets = Mapping[int, int]
"""By partition of the private topic."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """The events between two places of the private topic."""

    starts: Offsets
    ends: Offsets

    @property
    def events(self) -> int:
        return sum(self.ends.values()) - sum(self.starts.values())


def commit_inserts(settings: Settings, people: Crowd) -> None:
    """A rating of every movie by each of ``people``."""
    with _transactions(settings) as connections:
        for connection, users in zip(connections, _shares(people), strict=True):
            connection.execute(_INSERT, [list(users), list(people.movies)])


def commit_updates(settings: Settings, people: Crowd) -> None:
    """A change of every rating that `commit_inserts` made."""
    with _transactions(settings) as connections:
        for connection, users in zip(connections, _shares(people), strict=True):
            connection.execute(_UPDATE, [list(users)])


def _shares(people: Crowd) -> list[Sequence[int]]:
    return [people.users[number::_TRANSACTIONS] for number in range(_TRANSACTIONS)]


@contextmanager
def _transactions(settings: Settings) -> Iterator[list[psycopg.Connection]]:
    """Open transactions, committed one right after the other at the end of the block."""
    conninfo = settings.postgres_conninfo("dataflix_api", settings.postgres_api_password)
    with ExitStack() as opened:
        yield [opened.enter_context(psycopg.connect(conninfo)) for _ in range(_TRANSACTIONS)]


class PrivateTopic:
    """Where the private topic of ratings ends, and how far the workers have come in it."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": str(settings.kafka), "group.id": WORKER_GROUP, "enable.auto.commit": False}
        )
        self._partitions = sorted(self._consumer.list_topics(TOPIC, timeout=_REPLY).topics[TOPIC].partitions)

    def ends(self) -> Offsets:
        return {
            number: self._consumer.get_watermark_offsets(TopicPartition(TOPIC, number), timeout=_REPLY)[1]
            for number in self._partitions
        }

    def acknowledged(self) -> Offsets:
        """What the group of the workers has committed."""
        places = [TopicPartition(TOPIC, number) for number in self._partitions]
        return {place.partition: max(place.offset, 0) for place in self._consumer.committed(places, timeout=_REPLY)}

    def close(self) -> None:
        self._consumer.close()
