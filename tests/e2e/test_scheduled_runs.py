"""Airflow beside the stack: marts, trainings and housekeeping run by themselves, and get over what goes wrong."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import psutil
import pytest
from running_stack import COMMAND, Stack, patiently
from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_not_result,
    stop_after_delay,
    wait_fixed,
)

from dataflix.settings import PROJECT
from stack.airflow_api import AirflowApi, AirflowAway, Run

# The first of them starts Airflow, and where it is alone, everything else too
pytestmark = pytest.mark.timeout(900)

JOHN = 1
A_RUN = 400  # seconds that one may take on a busy machine
# Circles of people who never meet: by popularity all movies are alike, and a model can tell who likes which
CIRCLES = """
with people as (
    insert into users (username, email, first_name, last_name)
    select 'circle' || n, 'circle' || n || '@example.net', 'Some', 'Body' from generate_series(1, 60) as n
    returning user_id
)
insert into ratings (user_id, movie_id, rating)
select user_id, movie_id, 4.5 from people, movies
where user_id % 2 = movie_id % 2 and (user_id + movie_id) % 3 > 0 and movie_id <= 24
"""
NINE_STARS = """
insert into raw.ratings (rating_id, user_id, movie_id, rating, rated_at, _version, _deleted, _op)
values (987654321, 1, 1, 9.0, now64(6), 1, 0, 'c')
"""
TAKEN_BACK = """
insert into raw.ratings (rating_id, user_id, movie_id, rating, rated_at, _version, _deleted, _op)
values (987654321, 1, 1, 9.0, now64(6), 2, 1, 'd')
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def airflow(stack: Stack) -> Iterator[AirflowApi]:
    """Airflow for these tests alone, in a stack that has people to learn from."""
    champion = served(stack)
    with stack.source() as source:
        source.execute(CIRCLES)
    stack.must_run("verify", "--wait", "120")
    # The clock strikes once while they run
    stack.configure(transform_minutes="59", retrain_minutes="0", task_retry_seconds="1")
    try:
        stack.must_run("up", "--with", "airflow")
        yield AirflowApi(stack.settings)
    finally:
        stack.run("up", "--without", "airflow")
        with stack.source() as source:
            source.execute("delete from users where username like 'circle%'")
        stack.must_run("models", "promote", champion, "--force", "It was the champion before these tests")


@pytest.fixture
def start(stack: Stack, airflow: AirflowApi) -> Iterator[Start]:
    """Starts ``bin/dataflix run`` without waiting for its end."""
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
    """Exit code and result of a run that was followed to its end."""
    out, err = process.communicate(timeout=A_RUN)
    assert "Traceback" not in err
    return process.returncode, json.loads(out)


def processes_of_airflow(stack: Stack) -> Iterator[tuple[psutil.Process, list[str]]]:
    """What runs of Airflow and of its tasks, each with its command line."""
    own = str(stack.home / "airflow")
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get("AIRFLOW_HOME") == own:
                yield process, process.cmdline()


def running_task(stack: Stack, *words: str) -> tuple[psutil.Process, list[str]]:
    """The process of a task, by words of its command line, as soon as it runs."""

    def look() -> list[tuple[psutil.Process, list[str]]]:
        return [
            (process, line)
            for process, line in processes_of_airflow(stack)
            # Not the shell that is about to become it
            if line[1:2] == ["-m"] and all(any(part.startswith(word) for part in line) for word in words)
        ]

    # Less often than others look: asking every process costs what the runs need
    attempts = Retrying(stop=stop_after_delay(A_RUN), wait=wait_fixed(0.3), retry=retry_if_not_result(bool))
    found: list[tuple[psutil.Process, list[str]]] = attempts(look)
    return found[0]


def ended_by_the_clock(airflow: AirflowApi, dag: str, run_id: str) -> Run:
    """How a run stands when it has ended."""
    attempts = Retrying(
        stop=stop_after_delay(A_RUN),
        wait=wait_fixed(1),
        retry=retry_if_exception_type(AirflowAway) | retry_if_not_result(lambda run: run.has_ended),
    )
    run: Run = attempts(airflow.run, dag, run_id)
    return run


def served(stack: Stack) -> str:
    """The version of the model that the API serves."""
    for attempt in patiently(120):
        with attempt:
            answer = stack.api.get(f"/recommendations/{JOHN}")
            assert answer.status_code == 200, answer.text
    return str(answer.json()["model_version"])


def pids(stack: Stack) -> Mapping[str, int]:
    return {entry["name"]: entry["pid"] for entry in stack.status()["services"]}


def test_every_part_is_healthy_and_listens_on_loopback_alone(stack: Stack, airflow: AirflowApi) -> None:
    parts = [entry for entry in stack.status()["services"] if entry["name"].startswith("airflow-")]
    assert len(parts) == 4
    assert all(part["healthy"] for part in parts)

    running = list(processes_of_airflow(stack))
    assert {part["pid"] for part in parts} <= {process.pid for process, _ in running}
    for process, line in running:
        with suppress(psutil.NoSuchProcess):  # the end of a task
            listening = {c.laddr.ip for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
            assert listening <= {"127.0.0.1"}, line


def test_by_the_clock_marts_are_built_and_a_model_is_trained_and_served_although_its_training_is_killed(
    stack: Stack, airflow: AirflowApi
) -> None:
    fit, line = running_task(stack, "training", "fit", "asset_triggered__")
    fit.kill()
    model, running = served(stack), pids(stack)

    run_id = next(part for part in line if part.startswith("asset_triggered__"))
    run = ended_by_the_clock(airflow, "dataflix_retrain", run_id)

    assert (run.state, set(run.tasks.values())) == ("success", {"success"}), run
    for attempt in patiently(A_RUN):
        with attempt:
            assert served(stack) != model
    assert pids(stack) == running


def test_bad_data_stops_the_marts_and_what_would_learn_from_them(stack: Stack, start: Start) -> None:
    matrix = "select count(), max(rating) from analytics.user_movie_matrix"
    before = stack.clickhouse.query(matrix).result_rows
    stack.clickhouse.command(NINE_STARS)
    try:
        code, failed = ended(start("transform"))
    finally:
        stack.clickhouse.command(TAKEN_BACK)

    assert (code, failed["state"]) == (1, "failed")
    assert failed["tasks"]["models.stg_ratings.test"] == "failed"
    assert failed["tasks"]["models.mart_user_movie_matrix.run"] == "upstream_failed"
    # By its end, whoever trains knows that the marts are new
    assert failed["tasks"]["built"] == "upstream_failed"
    assert stack.clickhouse.query(matrix).result_rows == before


def test_a_scheduler_that_is_killed_goes_on_with_what_ran(stack: Stack, start: Start) -> None:
    process = start("maintain")
    running_task(stack, "clickhouse", "verify")
    stack.kill("airflow-scheduler")

    code, kept = ended(process)

    assert (code, kept["state"]) == (0, "success"), kept
    copied = {path.name.partition("-")[0] for path in (stack.home / "backups").glob("*.dump")}
    assert {"mlflow", "dataflix", "airflow"} <= copied


def test_a_good_run_says_so_task_by_task(stack: Stack, start: Start) -> None:
    code, trained = ended(
        start("retrain", "--param", "n_components=4", "--param", "max_iter=150", "--param", "engine=scikit-learn")
    )

    assert (code, trained["state"], trained["dag"]) == (0, "success", "dataflix_retrain"), trained
    assert list(trained["tasks"]) == ["snapshot", "fit", "evaluate", "gate", "promote", "announce"]
    assert {trained["tasks"][name] for name in ("snapshot", "fit", "evaluate", "gate")} == {"success"}


def test_what_is_stopped_in_the_middle_of_a_task_leaves_nothing_running(stack: Stack, start: Start) -> None:
    start("transform")
    running_task(stack, "dbt.cli.main", "freshness")

    stack.must_run("up", "--without", "airflow")

    # A worker of the scheduler notices a moment later that it is alone
    for attempt in patiently():
        with attempt:
            assert [line for _, line in processes_of_airflow(stack)] == []
    assert not any(name.startswith("airflow") for name in pids(stack))
