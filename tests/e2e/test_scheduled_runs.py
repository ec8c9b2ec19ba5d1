"""Airflow beside the stack: marts, trainings and housekeeping run by themselves, and get over what goes wrong."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest
from running_stack import COMMAND, Stack, patiently
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from dataflix.settings import PROJECT
from stack.airflow_api import AirflowApi

JOHN = 1
# Two circles of people who never meet: popularity cannot tell them apart, and a model can
TWO_TASTES = """
with people as (
    insert into users (username, email, first_name, last_name)
    select 'taste' || n, 'taste' || n || '@example.net', 'Some', 'Body' from generate_series(1, 60) as n
    returning user_id
)
insert into ratings (user_id, movie_id, rating)
select user_id, movie_id, 4.5 from people, movies
where user_id % 2 = movie_id % 2 and (user_id + movie_id) % 3 > 0 and movie_id <= 24
"""
BAD_ROW = """
insert into raw.ratings (rating_id, user_id, movie_id, rating, rated_at, _version, _deleted, _op)
values (987654321, 1, 1, 99.5, now64(6), 1, 0, 'c')
"""
GOOD_AGAIN = """
insert into raw.ratings (rating_id, user_id, movie_id, rating, rated_at, _version, _deleted, _op)
values (987654321, 1, 1, 99.5, now64(6), 2, 1, 'd')
"""


@pytest.fixture(scope="module")
def airflow(stack: Stack) -> AirflowApi:
    """The stack with Airflow, and with people to learn from."""
    stack.must_run("up", "--with", "airflow")
    with stack.source() as source:
        source.execute(TWO_TASTES)
    stack.must_run("verify")
    return AirflowApi(stack.settings)


@pytest.fixture
def start(stack: Stack, airflow: AirflowApi) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts ``bin/dataflix run`` without waiting for it."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(COMMAND), "run", *arguments, "--wait", "--json"]
        process = subprocess.Popen(
            command, cwd=PROJECT, env=stack.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    out, err = process.communicate(timeout=280)
    assert "Traceback" not in err
    return process.returncode, json.loads(out)


def runs(stack: Stack, dag: str) -> list[str]:
    """The states of every run of a DAG."""
    api = AirflowApi(stack.settings)
    return [one["state"] for one in api._ask("GET", f"/api/v2/dags/{dag}/dagRuns")["dag_runs"]]


def served(stack: Stack) -> str:
    return str(stack.api.get(f"/recommendations/{JOHN}").json()["model_version"])


def process_of(stack: Stack, *words: str) -> psutil.Process | None:
    """A process of the home on whose command line these words stand."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            line = process.cmdline()
            if all(word in line for word in words) and process.environ().get("DATAFLIX_HOME") == str(stack.home):
                return process
    return None


def await_process(stack: Stack, *words: str) -> psutil.Process:
    attempts = Retrying(
        stop=stop_after_delay(180), wait=wait_fixed(0.1), retry=retry_if_result(lambda found: found is None)
    )
    found: psutil.Process = attempts(process_of, stack, *words)
    return found


def test_every_part_is_healthy_and_listens_on_loopback_alone(stack: Stack, airflow: AirflowApi) -> None:
    entries = {entry["name"]: entry for entry in stack.status()["services"]}
    parts = [name for name in entries if name.startswith("airflow-")]

    assert len(parts) == 4
    assert all(entries[name]["healthy"] for name in parts)
    for name in parts:
        process = psutil.Process(entries[name]["pid"])
        for one in (process, *process.children(recursive=True)):
            listening = [c.laddr.ip for c in one.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
            assert set(listening) <= {"127.0.0.1"}, (name, listening)


def test_marts_are_built_and_a_model_is_trained_promoted_and_served_without_a_restart(
    stack: Stack, start: Callable[..., subprocess.Popen[str]]
) -> None:
    before, pids = served(stack), {entry["name"]: entry["pid"] for entry in stack.status()["services"]}

    code, built = ended(start("transform"))
    assert (code, built["state"]) == (0, "success"), built
    assert built["tasks"]["models.mart_user_movie_matrix.test"] == "success"
    code, trained = ended(start("retrain", "--param", "n_components=4", "--param", "max_iter=150"))

    assert (code, trained["state"]) == (0, "success"), trained
    assert list(trained["tasks"].values()) == ["success"] * 6, trained
    for attempt in patiently():
        with attempt:
            assert served(stack) != before
    assert {entry["name"]: entry["pid"] for entry in stack.status()["services"]} == pids


def test_a_training_that_is_killed_is_tried_again(stack: Stack, start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start("retrain")
    os.kill(await_process(stack, "training", "fit").pid, signal.SIGKILL)

    code, trained = ended(process)

    assert (code, trained["tasks"]["fit"]) == (0, "success"), trained


def test_bad_data_stops_the_marts_and_what_would_learn_from_them(
    stack: Stack, start: Callable[..., subprocess.Popen[str]]
) -> None:
    count = "select count(), max(rating) from analytics.user_movie_matrix"
    before, trainings = stack.clickhouse.query(count).result_rows, len(runs(stack, "dataflix_retrain"))
    stack.clickhouse.command(BAD_ROW)
    try:
        code, failed = ended(start("transform"))
    finally:
        stack.clickhouse.command(GOOD_AGAIN)

    assert (code, failed["state"]) == (1, "failed")
    assert failed["tasks"]["models.stg_ratings.test"] == "failed"
    assert failed["tasks"]["models.mart_user_movie_matrix.run"] == "upstream_failed"
    assert stack.clickhouse.query(count).result_rows == before
    assert len(runs(stack, "dataflix_retrain")) == trainings


def test_a_scheduler_that_is_killed_goes_on_with_what_ran(
    stack: Stack, start: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start("maintain")
    await_process(stack, "clickhouse", "verify")
    stack.kill("airflow-scheduler")

    code, kept = ended(process)

    assert (code, kept["state"]) == (0, "success"), kept
    assert (stack.home / "backups").is_dir()
    assert {path.name.split("-")[0] for path in (stack.home / "backups").iterdir()} == {"mlflow", "dataflix", "airflow"}


def test_down_leaves_no_process_of_airflow(stack: Stack, airflow: AirflowApi) -> None:
    stack.must_run("down")

    assert process_of(stack) is None
