"""Every service may die at any time: it comes back by itself, and no acknowledged change is lost."""

import json

import pytest
from running_stack import Stack, patiently

SERVICES = ("postgres", "kafka", "connect", "clickhouse", "s3", "mlflow", "worker", "watcher", "api")


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_comes_back_and_loses_nothing(stack: Stack, service: str) -> None:
    user = stack.sign_up()
    stack.rate(user, 1, 3.5)
    killed = stack.kill(service)
    for attempt in patiently(120):
        with attempt:
            stack.rate(user, 2, 4.5)
    for attempt in patiently(120):
        with attempt:
            status = stack.status()
            entry = next(entry for entry in status["services"] if entry["name"] == service)
            assert entry["pid"] != killed
            assert all(entry["healthy"] for entry in status["services"]), status
    for attempt in patiently(120):
        with attempt:
            assert (stack.raw_rating(user, 1), stack.raw_rating(user, 2)) == (3.5, 4.5)
            assert not {1, 2} & set(stack.recommended(user, limit=100))


def test_after_all_of_it_source_and_raw_agree_by_value(stack: Stack) -> None:
    verdict = json.loads(stack.must_run("verify", "--json"))
    assert verdict["equal"] is True
    assert {name for name, table in verdict["tables"].items() if table["source_rows"] == table["raw_rows"] > 0} >= {
        "users",
        "movies",
        "ratings",
        "watched_movies",
    }
