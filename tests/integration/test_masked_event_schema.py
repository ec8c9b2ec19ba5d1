"""What the worker publishes is what the schemas promise: of the tables of the source, and of every type."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from jsonschema import Draft202012Validator
from own_stack import Stack
from psycopg import sql
from running_worker import Worker, running
from screenings import Screenings, a_screening, patiently

from dataflix.contracts import Contracts, Table, load_contracts
from dataflix.errors import MalformedEvent
from dataflix.masked_events import read_masked_event
from dataflix.reference.event_schema import key_schema, value_schema
from dataflix.settings import PROJECT, Settings
from events.topic_reader import Start, follow


@dataclass(frozen=True)
class Shipped:
    """The tables of the source with the shipped contracts."""

    settings: Settings

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"DATAFLIX_HOME": str(self.settings.home), "PYTHONPATH": str(PROJECT)}

    @property
    def contracts(self) -> Contracts:
        return load_contracts(PROJECT / "contracts")

    def source(self) -> psycopg.Connection[tuple[Any, ...]]:
        conninfo = self.settings.postgres_conninfo("dataflix_admin", self.settings.postgres_admin_password)
        return psycopg.connect(conninfo, autocommit=True)


@pytest.fixture
def shipped(stack: Stack, stream: Settings, clickhouse: Settings, tmp_path: Path) -> Iterator[Shipped]:
    """With a worker that runs."""
    assert stream.home == clickhouse.home
    stack.run("clickhouse", "apply")
    made = Shipped(stream)
    with running([worker := Worker(made, tmp_path / "worker.log")]):
        worker.wait_until_healthy()
        yield made


def validate(table: Table, key: bytes, value: bytes | None) -> None:
    Draft202012Validator(key_schema(table)).validate(orjson.loads(key))
    if value is not None:
        Draft202012Validator(value_schema(table)).validate(orjson.loads(value))


def touch(source: psycopg.Connection[tuple[Any, ...]], table: Table) -> set[tuple[int, str | None]]:
    """Update every row of the table to what it holds; the operations that have to come of it."""
    name, key, last = (sql.Identifier(text) for text in (table.name, table.key[0], table.columns[-1].name))
    touched = source.execute(sql.SQL("UPDATE {0} SET {1} = {1} RETURNING {2}").format(name, last, key))
    return {(number, "u") for (number,) in touched}


def committed_at(table: Table, value: bytes) -> datetime:
    """Long ago for what another test wrote that is no event at all; the worker would be missed for it."""
    try:
        return read_masked_event(table, value).committed_at
    except MalformedEvent:
        return datetime.min.replace(tzinfo=UTC)


def what_happened(settings: Settings, table: Table, since: datetime, expected: set[tuple[int, str | None]]) -> None:
    """Return when all of it came: operations by the number of the row, None for a tombstone.

    Validates what was committed ``since``; what is older, other tests wrote, some of it by hand.
    """
    missing = set(expected)
    with closing(follow(settings.kafka, table.masked_topic, Start.BEGINNING, lambda _: None)) as messages:
        while missing:
            message = next(messages)
            assert message.key is not None
            if message.value is None or committed_at(table, message.value) >= since:
                validate(table, message.key, message.value)
                operation = orjson.loads(message.value)["_op"] if message.value else None
                missing.discard((orjson.loads(message.key)[table.key[0]], operation))


def test_what_comes_of_the_source_is_valid(shipped: Shipped) -> None:
    with shipped.source() as source:
        [(since,)] = source.execute("SELECT now()")
        expected = {table.name: touch(source, table) for table in shipped.contracts}
        [(made,)] = source.execute(
            "INSERT INTO users (username, email, first_name, last_name, city, age) "
            "VALUES ('Ünmistakable 🎬', 'unmistakable@example.org', '🎬', '', E'a\\nb', 101) RETURNING user_id"
        )
        source.execute("UPDATE users SET first_name = NULL, last_name = 'Doe' WHERE user_id = %s", [made])
        source.execute(
            "INSERT INTO ratings (user_id, movie_id, rating) SELECT %s, min(movie_id), 0.5 FROM movies", [made]
        )
        source.execute("DELETE FROM users WHERE user_id = %s", [made])
    assert all(expected.values())
    expected["users"] |= {(made, "c"), (made, "u"), (made, "d"), (made, None)}
    for table in shipped.contracts:
        what_happened(shipped.settings, table, since, expected[table.name])


def test_what_comes_of_every_type_is_valid(screenings: Screenings, tmp_path: Path) -> None:
    with running([Worker(screenings, tmp_path / "worker.log")]):
        screenings.write(a_screening(1), op="r", commit=None)
        screenings.write(
            a_screening(2, watchers=-(2**63), price="-0.01", share=f"-{'9' * 38}.{'9' * 38}", rain="NaN", day=-25_567)
        )
        screenings.write(a_screening(3, rain=0.1, guest="", contact="", ticket="0b9ba4ad-64d7-4a4e-9fcd-3d7e8ae7bdbd"))
        screenings.write(a_screening(1, guest=None, starts=None), op="u")
        screenings.write(a_screening(2), op="d")
        screenings.flush()

        @patiently()
        def arrived() -> None:
            messages = screenings.messages(screenings.table.masked_topic)
            assert len(messages) == 6
            for key, value in messages:
                assert key is not None
                validate(screenings.table, key, value)

        arrived()
