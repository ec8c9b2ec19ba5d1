"""Somebody who asks to be forgotten is found nowhere but in PostgreSQL's leavings and the private topics' bounds."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from running_stack import Stack, patiently

from dataflix.masking import mask_hash

PERSON = {
    "username": "qzforgetuser",
    "email": "qzforgetmail@example.net",
    "first_name": "Qzforgetfirst",
    "last_name": "Qzforgetlast",
    "city": "Qzforgetcity",
}


@pytest.fixture(scope="module")
def neighbour(stack: Stack) -> int:
    user = stack.sign_up()
    stack.rate(user, 3, 4.5)
    return user


@pytest.fixture(scope="module")
def forgotten(stack: Stack, neighbour: int) -> tuple[int, dict[str, Any]]:
    """Somebody who went through every path, and the receipt of the erasure."""
    user = stack.sign_up(**PERSON)
    for movie in (2, 3):
        stack.rate(user, movie, 5.0, liked=True)
    assert stack.api.post("/watched", json={"user_id": user, "movie_id": 4}).status_code == 201
    stack.rate(user, 2, 1.5)
    for attempt in patiently():
        with attempt:
            assert (stack.raw_rating(user, 2), stack.raw_rating(user, 3)) == (1.5, 5.0)
            assert stack.raw_rating(neighbour, 3) == 4.5
    stack.must_run("dbt", "build")
    assert mentions(stack, user)
    return user, json.loads(stack.must_run("forget", str(user), "--json"))


def mentions(stack: Stack, user: int) -> dict[str, int]:
    """Rows of every table and view that name the person or hold one of the masked values; deletion marks left out."""
    key = stack.settings.masking_key.get_secret_value().encode()
    marks = [mask_hash(PERSON["username"], key), mask_hash(PERSON["email"], key), PERSON["city"]]
    found = {}
    tables = stack.clickhouse.query("select database, name from system.tables where database in ('raw', 'analytics')")
    for database, name in tables.result_rows:
        dump = stack.clickhouse.raw_query(f"select * from `{database}`.`{name}`", fmt="JSONEachRow")  # noqa: S608 names from ClickHouse
        rows = [json.loads(line) for line in dump.splitlines()]
        count = sum(
            (row.get("user_id") in (user, str(user)) and not row.get("_deleted"))
            or any(str(mark) in map(str, row.values()) for mark in marks)
            for row in rows
        )
        if count:
            found[f"{database}.{name}"] = count
    return found


def newest(stack: Stack, topic: str) -> dict[bytes, bytes | None]:
    """What compaction leaves of a topic: the last message of each key."""
    consumer = Consumer(
        {
            "bootstrap.servers": str(stack.settings.kafka),
            "group.id": "forget-test",
            "enable.auto.commit": False,
        }
    )
    state: dict[bytes, bytes | None] = {}
    try:
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            consumer.assign([TopicPartition(topic, partition, 0)])
            position = 0
            while position < end:
                message = consumer.poll(10)
                assert message is not None, f"{topic} ended before its end offset {end}"
                assert message.error() is None, message.error()
                state[message.key()] = message.value()
                position = message.offset() + 1
    finally:
        consumer.close()
    return state


def test_the_receipt_says_what_was_erased_and_until_when_the_rest_stays(
    forgotten: tuple[int, dict[str, Any]],
) -> None:
    user, receipt = forgotten
    assert receipt["user_id"] == user
    assert receipt["proof"] == "clean"
    erased = receipt["erased"]
    assert {name: erased[f"source.{name}"] for name in ("users", "ratings", "watched_movies")} == {
        "users": 1,
        "ratings": 2,
        "watched_movies": 1,
    }
    # not what raw held: a merge that comes first has put the mark of the deletion in the place of the row
    assert {"masked.users", "masked.ratings"} <= set(erased)
    assert {"analytics.users", "analytics.user_movie_cells"} <= set(erased)
    assert datetime.fromisoformat(receipt["private_topics_until"]) > datetime.now(UTC)
    assert {"private topics", "models"} <= set(receipt["remaining"])
    assert "snapshots" not in receipt["remaining"], "the data sets of trainings were not looked through"


def test_no_table_names_the_forgotten(stack: Stack, forgotten: tuple[int, dict[str, Any]]) -> None:
    assert mentions(stack, forgotten[0]) == {}


def test_the_masked_topics_let_the_forgotten_go(stack: Stack, forgotten: tuple[int, dict[str, Any]]) -> None:
    user, _ = forgotten
    for topic in ("masked.users", "masked.ratings", "masked.watched_movies"):
        state = newest(stack, topic)
        assert any(value is not None for value in state.values())
        assert not [key for key, value in state.items() if value and json.loads(value).get("user_id") == user]


def test_the_api_knows_the_forgotten_no_more(stack: Stack, forgotten: tuple[int, dict[str, Any]]) -> None:
    for attempt in patiently():
        with attempt:
            assert stack.api.get(f"/users/{forgotten[0]}").status_code == 404
            assert stack.api.get(f"/recommendations/{forgotten[0]}").status_code == 404


def test_others_are_as_they_were(stack: Stack, neighbour: int, forgotten: tuple[int, dict[str, Any]]) -> None:
    assert forgotten[0] != neighbour
    assert stack.raw_rating(neighbour, 3) == 4.5
    mart = stack.clickhouse.query(f"select count() from analytics.user_movie_matrix where user_id = {neighbour}")  # noqa: S608
    assert mart.result_rows == [(1,)]
    assert json.loads(stack.must_run("verify", "--json"))["equal"] is True


def test_a_mart_built_afterwards_does_without_the_forgotten(
    stack: Stack, forgotten: tuple[int, dict[str, Any]]
) -> None:
    stack.must_run("dbt", "build")
    assert mentions(stack, forgotten[0]) == {}


def test_forgetting_again_finds_nothing_left(stack: Stack, forgotten: tuple[int, dict[str, Any]]) -> None:
    again = json.loads(stack.must_run("forget", str(forgotten[0]), "--json"))
    assert again["erased"] == {}
    assert again["proof"] == "clean"


def test_a_user_whom_nobody_knows_is_refused_in_a_sentence(stack: Stack) -> None:
    refused = stack.run("forget", "987654321", "--json")
    assert refused.returncode == 2
    assert "There is no user 987654321" in refused.stderr
    assert "Traceback" not in refused.stderr
