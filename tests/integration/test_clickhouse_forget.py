"""`forget` on real servers: nothing of the person is left, all of others is, and a late event brings nothing back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer
from live_tables import Source, live_tables
from own_stack import Stack
from screenings import patiently

from clickhouse.erasure.topics import Broker
from dataflix.contracts import load_contracts
from dataflix.settings import PROJECT, Settings
from tests.debezium import a_user, an_event

PLACES = ("users", "ratings", "watched_movies")


@dataclass
class Cinema:
    """Source, raw and the stream between them."""

    stack: Stack
    settings: Settings
    source: Source
    raw: Client
    people: int = field(default=0)

    def sign_up(self) -> int:
        """A person who rated two movies, changed one rating, took one back and watched one movie."""
        self.people += 1
        name = f"forgettable{self.people}_{os.getpid()}"
        user = self.one(
            "insert into users (username, email, first_name) values (%s, %s, 'Mnemosyne') returning user_id",
            name,
            f"{name}@example.org",
        )
        self.source.execute(
            "insert into ratings (user_id, movie_id, rating) select %s, n, 4 from generate_series(1, 3) n", [user]
        )
        self.source.execute("update ratings set rating = 2 where user_id = %s and movie_id = 1", [user])
        self.source.execute("delete from ratings where user_id = %s and movie_id = 3", [user])
        self.source.execute("insert into watched_movies (user_id, movie_id) values (%s, 5)", [user])
        self.source.execute("update users set email = 'new_' || email where user_id = %s", [user])
        return user

    def one(self, query: str, *values: Any) -> int:
        row = self.source.execute(query.encode(), values).fetchone()
        assert row is not None
        return int(row[0])

    def rows(self, user: int, *, final: bool = False) -> dict[str, int]:
        """Rows of the person in raw that hold more than a key, in every version unless ``final``."""
        return {
            place: self.raw.query(
                f"select count() from raw.{place} {'final' if final else ''} where user_id = {user} and not _deleted"  # noqa: S608
            ).result_rows[0][0]
            for place in PLACES
        }

    @patiently()
    def await_raw(self, user: int) -> None:
        assert self.rows(user, final=True) == {"users": 1, "ratings": 2, "watched_movies": 1}

    def forget(self, user: int) -> subprocess.CompletedProcess[str]:
        return self._clickhouse("forget", str(user), "--json")

    def _clickhouse(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "clickhouse", *arguments],
            cwd=PROJECT,
            env=self.stack.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def work_off(self, *arguments: str) -> dict[str, Any]:
        done = self._clickhouse("forget-requested", "--json", *arguments)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def receipt(self, user: int) -> dict[str, Any]:
        done = self.forget(user)
        assert done.returncode == 0, done.stdout + done.stderr
        receipt: dict[str, Any] = json.loads(done.stdout)
        return receipt


@pytest.fixture(scope="module")
def cinema(
    stack: Stack, stream: Settings, clickhouse: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cinema]:
    assert stream.home == clickhouse.home
    with live_tables(stack, stream, tmp_path_factory.mktemp("forget") / "worker.log") as (source, raw):
        yield Cinema(stack, stream, source, raw)


@contextmanager
def a_later_epoch(cinema: Cinema, state: str) -> Iterator[None]:
    """The source has an epoch after the present one, which is in ``state``."""
    cinema.source.execute(
        "insert into dataflix.epochs (epoch, state, reason, system_identifier) values (255, %s, 'of a test', '')",
        [state],
    )
    try:
        yield
    finally:
        cinema.source.execute("delete from dataflix.epochs where epoch = 255")


def test_a_forgotten_person_is_nowhere_and_others_are_as_they_were(cinema: Cinema) -> None:
    person, neighbour = cinema.sign_up(), cinema.sign_up()
    cinema.await_raw(person)
    cinema.await_raw(neighbour)
    before = cinema.rows(neighbour, final=True)

    receipt = cinema.receipt(person)

    assert receipt["proof"] == "clean"
    assert receipt["erased"]["source.ratings"] == 2
    assert receipt["erased"]["masked.users"] == 1
    assert receipt["private_topics_until"] == receipt["remaining"]["private topics"]["until"] is not None
    assert cinema.rows(person) == dict.fromkeys(PLACES, 0)
    assert cinema.one("select count(*) from ratings where user_id = %s", person) == 0
    assert cinema.rows(neighbour, final=True) == before


def test_forgetting_twice_says_that_nothing_was_left(cinema: Cinema) -> None:
    person = cinema.sign_up()
    cinema.await_raw(person)
    cinema.receipt(person)
    again = cinema.receipt(person)
    assert again["erased"] == {}
    assert again["proof"] == "clean"


def test_somebody_who_was_deleted_at_the_source_before_is_erased_too(cinema: Cinema) -> None:
    person = cinema.sign_up()
    cinema.await_raw(person)
    cinema.source.execute("delete from users where user_id = %s", [person])
    receipt = cinema.receipt(person)
    assert "source.users" not in receipt["erased"]
    assert cinema.rows(person) == dict.fromkeys(PLACES, 0)


def test_whose_erasure_was_asked_for_over_the_api_is_erased_by_the_next_run(cinema: Cinema) -> None:
    people = [cinema.sign_up(), cinema.sign_up()]
    for person in people:
        cinema.await_raw(person)
    settings = cinema.settings
    # What other tests asked for before there was a stream
    cinema.source.execute("update dataflix.erasures set erased_at = now() where erased_at is null")
    with psycopg.connect(settings.postgres_conninfo("dataflix_api", settings.postgres_api_password)) as api:
        for person in people:
            row = api.execute("select deleted from dataflix.erase_person(%s)", [person]).fetchone()
            assert row == ({"users": 1, "ratings": 2, "watched_movies": 1},)
    done, again = cinema.work_off(), cinema.work_off()
    assert (done["erased"], done["failed"]) == (2, 0)
    assert again == {"erased": 0, "failed": 0, "busy": False}
    for person in people:
        assert cinema.rows(person) == dict.fromkeys(PLACES, 0)
        erasure = "select attempts from dataflix.erasures where erased_at is not null and user_id = %s"
        assert cinema.one(erasure, person) == 1


def test_an_erasure_whose_events_were_lost_ends_once_all_was_read_again(cinema: Cinema) -> None:
    person = cinema.sign_up()
    cinema.await_raw(person)
    settings = cinema.settings
    cinema.source.execute("update dataflix.erasures set erased_at = now() where erased_at is null")
    with psycopg.connect(settings.postgres_conninfo("dataflix_api", settings.postgres_api_password)) as api:
        api.execute("select from dataflix.erase_person(%s)", [person])
    # the deletions of a repair come without the request's transaction
    cinema.source.execute("update dataflix.erasures set txid = 1 where user_id = %s", [person])

    waiting = cinema.work_off("--wait", "1")
    with a_later_epoch(cinema, "comparing"):
        comparing = cinema.work_off("--wait", "1")
    with a_later_epoch(cinema, "whole"):
        whole = cinema.work_off()

    assert [(run["erased"], run["failed"]) for run in (waiting, comparing, whole)] == [(0, 1), (0, 1), (1, 0)]
    assert cinema.rows(person) == dict.fromkeys(PLACES, 0)


def test_an_event_that_comes_late_does_not_bring_the_person_back(cinema: Cinema) -> None:
    users = load_contracts(cinema.settings.contracts).table("users")
    person = cinema.sign_up()
    cinema.await_raw(person)
    cinema.receipt(person)
    at: dict[int, int] = {}
    producer = Producer({"bootstrap.servers": str(cinema.settings.kafka), "partitioner": "murmur2_random"})
    producer.produce(
        "cdc.public.users",
        key=orjson.dumps({"user_id": person}),
        value=an_event(a_user(person), op="u", table="users", commit=10, lsn=20),
        on_delivery=lambda _, message: at.update({message.partition(): message.offset()}),
    )
    assert producer.flush(10) == 0

    @patiently()
    def it_came() -> None:
        assert Broker(cinema.settings.kafka).delivered(users, at)

    it_came()
    assert cinema.rows(person, final=True)["users"] == 0
    assert cinema.receipt(person)["erased"]["masked.users"] == 1
    assert cinema.rows(person)["users"] == 0


def test_a_user_whom_nobody_knows_is_bad_input(cinema: Cinema) -> None:
    refused = cinema.forget(987_654_321)
    assert refused.returncode == 2
    assert "There is no user 987654321" in refused.stderr
    assert refused.stdout == ""
