"""`--scale worker=3 --scale api=2`: the work is shared out, and a killed one leaves no gap."""

import json
import os
import signal
from collections.abc import Iterator

import pytest
from containers import Containers
from running_stack import patiently

WORKERS, APIS = 3, 2


@pytest.fixture(scope="module")
def scaled(stack: Containers) -> Iterator[Containers]:
    """The stack with more workers and APIs, and with one of each again afterwards."""

    def scale(workers: int, apis: int) -> None:
        numbers = ("--scale", f"worker={workers}", "--scale", f"api={apis}")
        stack.compose("up", "--detach", "--no-build", "--no-deps", "--no-recreate", *numbers, "worker", "api")
        stack.settle()

    scale(WORKERS, APIS)
    yield stack
    scale(1, 1)


def test_there_are_as_many_as_were_asked_for(scaled: Containers) -> None:
    assert len(scaled.containers("worker")) == WORKERS
    assert len(scaled.containers("api")) == APIS


def test_the_gateway_shares_requests_out(scaled: Containers) -> None:
    for attempt in patiently(300):
        with attempt:
            assert scaled.recommended(1)
            served = [api.name for api in scaled.containers("api") if "/recommendations/" in scaled.logs(api)]
            assert len(served) == APIS


def test_a_killed_worker_and_a_killed_api_lose_nothing(scaled: Containers) -> None:
    user = scaled.sign_up()
    movies = scaled.recommended(user, limit=12)
    for number, movie in enumerate(movies):
        if number == len(movies) // 2:
            for service in ("worker", "api"):
                os.kill(scaled.containers(service)[-1].pid, signal.SIGKILL)
        for attempt in patiently(300):
            with attempt:
                scaled.rate(user, movie, 4.5)
    for attempt in patiently(300):
        with attempt:
            assert {movie: scaled.raw_rating(user, movie) for movie in movies} == dict.fromkeys(movies, 4.5)
    scaled.settle()
    assert json.loads(scaled.must_run("verify", "--json"))["equal"] is True
