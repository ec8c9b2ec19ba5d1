"""Changes committed in PostgreSQL reach the private topics, as the worker relies on them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import tenacity
from confluent_kafka import Consumer, TopicPartition
from own_stack import Stack

from connectors.postgres import connect_admin
from dataflix.settings import PROJECT, Settings

LIMIT_S = 60.0
MEGABYTE = 1_000_000

SHELVES = """
table: shelves
description: A table of every type.
key: [shelf_id]
columns:
  shelf_id: {type: bigint, description: Number of the shelf}
  small: {type: smallint, nullable: true, description: smallint}
  whole: {type: integer, nullable: true, description: integer}
  open: {type: boolean, nullable: true, description: boolean}
  name: {type: text, nullable: true, description: text}
  price: {type: "numeric(20,4)", nullable: true, description: numeric}
  weight: {type: double precision, nullable: true, description: double precision}
  built_on: {type: date, nullable: true, description: date}
  painted_at: {type: timestamp, nullable: true, description: timestamp}
  moved_at: {type: timestamptz, nullable: true, description: timestamptz}
  tag: {type: uuid, nullable: true, description: uuid}
"""
SHELVES_SQL = """
CREATE TABLE public.shelves (
    shelf_id bigint PRIMARY KEY, small smallint, whole integer, open boolean, name text, price numeric(20, 4),
    weight double precision, built_on date, painted_at timestamp, moved_at timestamptz, tag uuid,
    secret text DEFAULT 'in no contract'
);
"""
ORDINARY = (
    "-32768, 2147483647, true, 'é😀\"\\', 1234567890123456.7891, 1.1, '1969-12-31', "
    "'1582-10-04 03:04:05.123456', '2020-01-02 03:04:05.1+02', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"
)
ORDINARY_ARRIVES = {
    "small": -32768,
    "whole": 2147483647,
    "open": True,
    "name": 'é😀"\\',
    "price": "1234567890123456.7891",
    "weight": 1.1,
    "built_on": -1,
    "painted_at": -12220232154876544,
    "moved_at": "2020-01-02T01:04:05.100000Z",
    "tag": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
}
EDGES = "NULL, 0, false, '', 'NaN', 'infinity', '9999-12-31', 'infinity', '10000-01-01 00:00+00', NULL"
EDGES_ARRIVE = {
    "small": None,
    "whole": 0,
    "open": False,
    "name": "",
    "price": "NAN",
    "weight": "Infinity",
    "built_on": 2932896,
    "painted_at": 2**63 - 1,
    "moved_at": "+10000-01-01T00:00:00.000000Z",
    "tag": None,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One event of a private topic: its key and its envelope."""

    key: dict[str, Any]
    envelope: dict[str, Any]

    @property
    def op(self) -> str:
        return str(self.envelope["op"])

    @property
    def after(self) -> dict[str, Any]:
        after: dict[str, Any] = self.envelope["after"]
        return after


class Changes:
    """Reads one private topic from where it stood when the reader was made, or from its beginning."""

    def __init__(self, settings: Settings, topic: str, *, from_beginning: bool = False) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": str(settings.kafka),
                "group.id": "connectors-test",
                "enable.auto.commit": False,
                "fetch.message.max.bytes": 16 * MEGABYTE,
            }
        )
        partitions = self._consumer.list_topics(topic, timeout=LIMIT_S).topics[topic].partitions
        starts = []
        for number in partitions:
            low, high = self._consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=LIMIT_S)
            starts.append(TopicPartition(topic, number, low if from_beginning else high))
        self._consumer.assign(starts)

    def next(self) -> Change:
        """The next change; fails the test when none comes."""
        message = self._consumer.poll(LIMIT_S)
        assert message is not None, f"no change within {LIMIT_S} s"
        assert message.error() is None
        key, value = message.key(), message.value()
        assert key is not None
        assert value is not None
        return Change(json.loads(key), json.loads(value))

    def until(self, found: Callable[[Change], bool]) -> list[Change]:
        """The changes up to the one that was looked for."""
        changes = [self.next()]
        while not found(changes[-1]):
            changes.append(self.next())
        return changes

    def close(self) -> None:
        self._consumer.close()


@pytest.fixture
def source_rows(stream: Settings) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection of the API's role, every statement of which is a transaction."""
    conninfo = stream.postgres_conninfo("dataflix_api", stream.postgres_api_password)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


@pytest.fixture
def movies(stream: Settings) -> Iterator[Changes]:
    """The changes of movies from now on."""
    changes = Changes(stream, "cdc.public.movies")
    yield changes
    changes.close()


def insert_movie(connection: psycopg.Connection[tuple[object, ...]], description: str | None = None) -> int:
    row = connection.execute(
        "INSERT INTO movies (title, description, imdb_rating) VALUES ('Of a test', %s, 7) RETURNING movie_id",
        [description],
    ).fetchone()
    assert row is not None
    assert isinstance(row[0], int)
    return row[0]


def test_the_snapshot_holds_the_sample(stream: Settings) -> None:
    ratings = Changes(stream, "cdc.public.ratings", from_beginning=True)
    missing = set(range(1, 34))
    while missing:
        missing.discard(ratings.next().key["rating_id"])
    ratings.close()


def test_an_insert_an_update_and_a_delete_arrive_in_order(
    source_rows: psycopg.Connection[tuple[object, ...]], movies: Changes
) -> None:
    movie_id = insert_movie(source_rows)
    source_rows.execute("UPDATE movies SET imdb_rating = 7.5 WHERE movie_id = %s", [movie_id])
    source_rows.execute("DELETE FROM movies WHERE movie_id = %s", [movie_id])
    created, updated, deleted = (movies.next() for _ in range(3))
    assert [created.op, updated.op, deleted.op] == ["c", "u", "d"]
    assert created.key == updated.key == deleted.key == {"movie_id": movie_id}
    assert [created.after["imdb_rating"], updated.after["imdb_rating"]] == ["7.0", "7.5"]
    assert deleted.envelope["after"] is None
    assert deleted.envelope["before"]["movie_id"] == movie_id


def test_a_change_tells_its_transaction_and_place(
    source_rows: psycopg.Connection[tuple[object, ...]], movies: Changes
) -> None:
    with source_rows.transaction():
        first, second = insert_movie(source_rows), insert_movie(source_rows)
    changes = {change.key["movie_id"]: change.envelope["source"] for change in (movies.next(), movies.next())}
    assert changes[first]["txId"] == changes[second]["txId"]
    assert changes[first]["ts_us"] == changes[second]["ts_us"]
    assert changes[first]["lsn"] < changes[second]["lsn"]
    assert json.loads(changes[first]["sequence"])[0] == json.loads(changes[second]["sequence"])[0]


def test_no_tombstone_follows_a_delete(source_rows: psycopg.Connection[tuple[object, ...]], movies: Changes) -> None:
    """`Changes.next` cannot read one: the worker publishes the tombstones of the masked topics itself."""
    gone = insert_movie(source_rows)
    source_rows.execute("DELETE FROM movies WHERE movie_id = %s", [gone])
    source_rows.execute("INSERT INTO movies (movie_id, title) VALUES (%s, 'Again')", [gone])
    assert [movies.next().op for _ in range(3)] == ["c", "d", "c"]


def test_a_long_description_that_an_update_left_alone_arrives_whole(
    source_rows: psycopg.Connection[tuple[object, ...]], movies: Changes
) -> None:
    description = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(MEGABYTE // 3))
    movie_id = insert_movie(source_rows, description)
    source_rows.execute("UPDATE movies SET imdb_rating = 8.5 WHERE movie_id = %s", [movie_id])
    created, updated = movies.next(), movies.next()
    assert created.after["description"] == description
    assert updated.after["imdb_rating"] == "8.5"
    assert updated.after["description"] == description


def test_nothing_of_a_transaction_that_was_rolled_back_arrives(
    source_rows: psycopg.Connection[tuple[object, ...]], movies: Changes
) -> None:
    with source_rows.transaction(force_rollback=True):
        insert_movie(source_rows)
    kept = insert_movie(source_rows)
    assert movies.next().key == {"movie_id": kept}


def test_values_arrive_as_the_connector_documents_them(stream: Settings) -> None:
    users = Changes(stream, "cdc.public.users", from_beginning=True)
    john = users.until(lambda change: change.key == {"user_id": 1})[-1].after
    users.close()
    assert john["age"] == 34
    assert john["first_name"] == "John"
    assert john["created_at"] == "2025-01-06T17:12:08.000000Z"


def test_registering_again_changes_nothing_and_the_connector_is_healthy(stack: Stack, stream: Settings) -> None:
    assert stack.run("connectors", "register") == "The connector 'dataflix' runs.\n"
    assert stack.run("connectors", "health") == "The connector 'dataflix' runs.\n"


def test_the_slot_moves_on_while_the_tables_are_idle(stream: Settings) -> None:
    """Debezium confirms a place only after an event: without the heartbeat, WAL that is not ours would pile up."""
    with connect_admin(stream) as connection:
        connection.execute("CREATE TABLE dataflix.of_another AS SELECT n FROM generate_series(1, 10000) AS n")
        connection.execute("DROP TABLE dataflix.of_another")
        written = connection.execute("SELECT pg_current_wal_lsn()").fetchone()
        assert written is not None
        for attempt in tenacity.Retrying(stop=tenacity.stop_after_delay(LIMIT_S), wait=tenacity.wait_fixed(0.5)):
            with attempt:
                confirmed = connection.execute(
                    "SELECT confirmed_flush_lsn >= %s FROM pg_replication_slots WHERE slot_name = %s",
                    [written[0], stream.connector],
                ).fetchone()
                assert confirmed == (True,)


@pytest.fixture
def shelves(stack: Stack, stream: Settings, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """The settings of an operator who adds a table of every type, with two rows; contract and table go afterwards."""
    contracts, migrations = tmp_path / "contracts", tmp_path / "migrations"
    contracts.mkdir()
    migrations.mkdir()
    for file in (PROJECT / "contracts").glob("*.yml"):
        (contracts / file.name).write_text(file.read_text())
    (contracts / "shelves.yml").write_text(SHELVES)
    rows = f"INSERT INTO public.shelves VALUES (1, {ORDINARY}), (2, {EDGES});"  # noqa: S608
    (migrations / "0001_shelves.sql").write_text(SHELVES_SQL + rows)
    yield {"DATAFLIX_CONTRACTS": str(contracts), "DATAFLIX_MIGRATIONS": str(migrations)}
    stack.run("connectors", "migrate")
    stack.run("connectors", "register")
    with connect_admin(stream) as connection:
        connection.execute("DROP TABLE IF EXISTS public.shelves")
        connection.execute("DELETE FROM dataflix.operator_migrations")


def test_a_table_that_enters_the_contracts_later_is_snapshotted_beside_the_stream(
    stack: Stack, stream: Settings, shelves: Mapping[str, str]
) -> None:
    stack.run("connectors", "migrate", env=shelves)
    assert "Ordered a snapshot of public.shelves." in stack.run("connectors", "register", env=shelves)
    assert "Ordered" not in stack.run("connectors", "register", env=shelves)
    with connect_admin(stream) as connection:
        connection.execute(f"INSERT INTO public.shelves VALUES (3, {ORDINARY}), (4, {EDGES})".encode())  # noqa: S608
    changes = Changes(stream, "cdc.public.shelves", from_beginning=True)
    arrived = {change.key["shelf_id"]: change for change in (changes.next() for _ in range(4))}
    changes.close()
    assert [arrived[number].op for number in (1, 2, 3, 4)] == ["r", "r", "c", "c"]
    assert arrived[1].after == {"shelf_id": 1} | ORDINARY_ARRIVES
    assert arrived[2].after == {"shelf_id": 2} | EDGES_ARRIVE
    assert arrived[3].after == {"shelf_id": 3} | ORDINARY_ARRIVES
    assert arrived[4].after == {"shelf_id": 4} | EDGES_ARRIVE
