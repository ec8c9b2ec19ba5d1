"""Where the changes of a load are looked for: the source, raw, and the masked topics."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition
from psycopg import sql

from bench.chaos.journal import Change, Found, Row
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.errors import SourceUnavailable
from dataflix.settings import Settings

_ZERO = datetime(2001, 1, 1, tzinfo=UTC)  # a change of a timestamp carries its marker as microseconds after this
_PATIENCE = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Marked:
    """A table whose changes carry their marker in one of its columns."""

    name: str
    key: str
    column: str
    write: Callable[[int], Any]
    read: Callable[[Any], int]


def _moment(marker: int) -> datetime:
    return _ZERO + timedelta(microseconds=marker)


def _since(moment: datetime | str) -> int:
    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (parsed - _ZERO) // timedelta(microseconds=1)


USERS = Marked("users", "user_id", "city", str, int)
RATINGS = Marked("ratings", "rating_id", "rated_at", _moment, _since)
WATCHED = Marked("watched_movies", "watched_id", "watched_at", _moment, _since)
MARKED = (USERS, RATINGS, WATCHED)


def in_source(settings: Settings, users: Sequence[int]) -> Found:
    """The rows of ``users`` in PostgreSQL."""

    def rows(connection: psycopg.Connection, table: Marked) -> list[tuple[Any, ...]]:
        query = sql.SQL("select {key}, {column} from {table} where user_id = any(%s) and {column} is not null").format(
            key=sql.Identifier(table.key), column=sql.Identifier(table.column), table=sql.Identifier(table.name)
        )
        return connection.execute(query, [list(users)]).fetchall()

    conninfo = settings.postgres_conninfo("dataflix_api", settings.postgres_api_password)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return _by_row((table, rows(connection, table)) for table in MARKED)


def in_raw(settings: Settings, users: Sequence[int]) -> Found:
    """The rows of ``users`` in raw, as ``FINAL`` shows them."""
    with clickhouse(settings, ClickHouseUser.VERIFIER) as client:
        return _by_row(
            (
                table,
                client.query(
                    f"select {table.key}, {table.column} from raw.{table.name} final"  # noqa: S608 names of above
                    f" where user_id in {{users:Array(Int64)}} and {table.column} is not null",
                    parameters={"users": list(users)},
                ).result_rows,
            )
            for table in MARKED
        )


def _by_row(tables: Iterable[tuple[Marked, Sequence[Sequence[Any]]]]) -> Found:
    found: defaultdict[Row, list[int]] = defaultdict(list)
    for table, rows in tables:
        for key, value in rows:
            found[Row(table.name, key)].append(table.read(value))
    return found


class MaskedTopics:
    """The masked topics from the moment that this was made."""

    def __init__(self, settings: Settings) -> None:
        """Raises SourceUnavailable."""
        self._consumer = Consumer(
            {
                "bootstrap.servers": str(settings.kafka),
                "group.id": "bench",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "log_level": 0,
            }
        )
        self._starts = self._ends()

    def changes(self, users: Iterable[int]) -> Iterator[Change]:
        """Every change of the rows of ``users``, and every deletion, as often as it was published."""
        tables = {f"masked.{table.name}": table for table in MARKED}
        people = frozenset(users)
        for topic, value in self._values():
            event = orjson.loads(value)
            table = tables[topic]
            row = Row(table.name, event[table.key])
            if event["_deleted"]:
                yield Change(row, None)
            elif event["user_id"] in people and event[table.column] is not None:
                yield Change(row, table.read(event[table.column]))

    def close(self) -> None:
        self._consumer.close()

    def _values(self) -> Iterator[tuple[str, bytes]]:
        ends = self._ends()
        due = {place for place, end in ends.items() if end > self._starts[place]}
        self._consumer.assign([TopicPartition(*place, self._starts[place]) for place in due])
        while due:
            message = self._consumer.poll(_PATIENCE)
            if message is None or message.error():
                raise SourceUnavailable("The masked topics cannot be read to their end: see `bin/dataflix logs kafka`.")
            place = (str(message.topic()), int(message.partition() or 0))
            offset, value = int(message.offset() or 0), message.value()
            if offset + 1 >= ends[place]:
                due.discard(place)
            if value is not None and offset < ends[place]:
                yield place[0], value

    def _ends(self) -> Mapping[tuple[str, int], int]:
        try:
            return {
                (topic, partition): self._consumer.get_watermark_offsets(
                    TopicPartition(topic, partition), timeout=_PATIENCE
                )[1]
                for topic in (f"masked.{table.name}" for table in MARKED)
                for partition in self._consumer.list_topics(topic, timeout=_PATIENCE).topics[topic].partitions
            }
        except KafkaException as error:
            raise SourceUnavailable(f"Kafka does not tell its offsets ({error.args[0].name()}).") from None
