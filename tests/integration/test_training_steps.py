"""A training step by step, as a scheduler runs it: state passes by id and version, and repeating does no harm."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from clickhouse_connect.driver.client import Client
from interaction_table import MOVIES, PEOPLE, TWO_TASTES, Fill, filler
from own_stack import Stack

from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.settings import PROJECT, Settings
from training.clickhouse_source import TABLE

NOTHING_TO_DO = 99
# Everybody has chosen from the same ladder of movies: there is popularity here, and no taste
ONE_TASTE = [(person, movie, 3.5) for person in range(1, PEOPLE + 1) for movie in range(1, 2 + person % MOVIES)]


@pytest.fixture(scope="module")
def servers(stack: Stack, clickhouse: Settings, mlflow: Settings, kafka: Settings) -> Settings:
    """Everything that a training talks to."""
    return stack.settings


@pytest.fixture(scope="module")
def fill(servers: Settings) -> Iterator[Fill]:
    admin: Client = open_clickhouse(servers, ClickHouseUser.ADMIN)
    admin.command("CREATE DATABASE IF NOT EXISTS analytics")
    yield filler(admin)
    admin.command(f"DROP TABLE IF EXISTS {TABLE}")
    admin.close()


# Takes a command line as JSON, runs it as `python -m training` does, answers [exit code, last line or what was said].
# One process for all of them: MLflow and scikit-learn take seconds to import.
PROMPT = """
import contextlib, io, json, sys
from training.__main__ import main
for line in sys.stdin:
    sys.argv, code = ["training", *json.loads(line)], 0
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    lines = out.getvalue().splitlines()
    print(json.dumps([code, json.loads(lines[-1]) if lines else {"said": err.getvalue()}]), flush=True)
"""

Step = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def step(stack: Stack) -> Iterator[Step]:
    """Runs one step; its exit code and the JSON of its last line."""
    with subprocess.Popen(
        [sys.executable, "-c", PROMPT],
        cwd=PROJECT,
        env=os.environ | {"DATAFLIX_HOME": str(stack.home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as prompt:
        assert prompt.stdin
        assert prompt.stdout
        told, answers = prompt.stdin, prompt.stdout

        def run(*arguments: str) -> tuple[int, dict[str, Any]]:
            told.write(json.dumps(arguments) + "\n")
            code, result = json.loads(answers.readline())
            return code, result

        yield run
        told.close()


def test_a_candidate_passes_the_gate_and_is_announced(step: Step, fill: Fill) -> None:
    fill(TWO_TASTES)

    _, taken = step("snapshot")
    _, fitted = step("fit", taken["snapshot"], "--n-components", "2", "--for", "test-run")
    early, _ = step("promote", str(fitted["version"]))
    _, measured = step("evaluate", str(fitted["version"]))
    _, verdict = step("gate", str(fitted["version"]))
    promoted, _ = step("promote", str(fitted["version"]))
    _, announced = step("announce")

    assert taken["interactions"] == len(TWO_TASTES)
    assert measured["metrics"]["ndcg_at_10"] > measured["metrics"]["popularity_ndcg_at_10"]
    assert early == 1, "it was promoted before the gate was asked"
    assert verdict["passed"], verdict
    assert promoted == 0
    assert announced["version"] == fitted["version"]
    assert announced["metrics"].items() >= measured["metrics"].items()

    _, again = step("fit", taken["snapshot"], "--n-components", "2", "--for", "test-run")
    assert again["version"] == fitted["version"], "a repeated step made a second version"
    assert step("snapshot")[1]["snapshot"] == taken["snapshot"]
    assert step("promote", str(fitted["version"]))[0] == 0


def test_so_soon_after_a_training_none_is_due(step: Step, fill: Fill) -> None:
    fill(TWO_TASTES)
    _, taken = step("snapshot")
    step("fit", taken["snapshot"], "--n-components", "2", "--for", "soon-after")

    code, told = step("snapshot", "--if-due")

    assert code == NOTHING_TO_DO
    assert told["changes"] == 0


def test_what_popularity_does_as_well_is_not_promoted(step: Step, fill: Fill) -> None:
    fill(ONE_TASTE)
    _, before = step("announce")
    _, taken = step("snapshot")
    _, fitted = step("fit", taken["snapshot"], "--n-components", "15", "--max-iter", "1")
    step("evaluate", str(fitted["version"]))

    _, verdict = step("gate", str(fitted["version"]))

    assert not verdict["passed"]
    assert "not better than popularity's" in verdict["reason"]
    assert step("promote", str(fitted["version"]), "--if-passed") == (
        NOTHING_TO_DO,
        {"version": fitted["version"], "promoted": False},
    )
    assert step("announce")[1]["version"] == before["version"]


def test_a_snapshot_that_is_gone_and_a_version_that_never_was_are_refused(step: Step, servers: Settings) -> None:
    code, told = step("fit", "0" * 32)
    assert (code, "holds no snapshot" in told["said"]) == (2, True)
    code, told = step("evaluate", "987654")
    assert (code, "no version 987654" in told["said"]) == (2, True)


def test_old_snapshots_expire_but_the_champions_stays(step: Step, fill: Fill) -> None:
    fill(TWO_TASTES)
    _, taken = step("snapshot")

    assert taken["snapshot"] not in step("expire-snapshots")[1]["removed"]


def test_a_search_keeps_its_trials_and_the_next_training_takes_its_choices(
    step: Step, fill: Fill, servers: Settings
) -> None:
    fill(TWO_TASTES)

    code, found = step("tune", "--trials", "3", "--seed", "5", "--json")
    trained_code, trained = step("train", "--tuned", "--json")

    assert (code, trained_code) == (0, 0)
    assert [one["number"] for one in found["trials"]] == [0, 1, 2]
    with httpx.Client(base_url=f"{servers.mlflow.url}/api/2.0/mlflow") as mlflow:
        search = mlflow.get("runs/get", params={"run_id": found["run_id"]}).json()["run"]
        trials = mlflow.post(
            "runs/search",
            json={
                "experiment_ids": [search["info"]["experiment_id"]],
                "filter": f"tags.`mlflow.parentRunId` = '{found['run_id']}'",
            },
        ).json()["runs"]
        run = mlflow.get("runs/get", params={"run_id": trained["run_id"]}).json()["run"]
    assert {one["info"]["status"] for one in (search, *trials)} == {"FINISHED"}
    assert len(trials) == 3
    params = {one["key"]: one["value"] for one in run["data"]["params"]}
    assert params == {name: str(value) for name, value in found["best"].items()}


def test_who_is_forgotten_leaves_the_data_sets_and_the_versions_that_saw_them_are_named(step: Step, fill: Fill) -> None:
    fill(TWO_TASTES)
    _, without = step("snapshot")
    somebody = 777_001
    fill([*TWO_TASTES, (somebody, 1, 3.5), (somebody, 3, 3.5)])
    _, taken = step("snapshot")
    _, fitted = step("fit", taken["snapshot"], "--n-components", "2")

    code, told = step("forget", str(somebody))

    assert code == 0
    assert told["removed"] == [taken["snapshot"]]
    assert fitted["version"] in told["saw"]
    assert step("evaluate", str(fitted["version"]))[0] == 2, "a data set with the person in it can still be read"
    assert step("snapshot")[0] == 0
    _, again = step("forget", str(somebody))
    fill(TWO_TASTES)
    assert step("snapshot")[1]["snapshot"] == without["snapshot"]
    assert again["removed"] == [taken["snapshot"]]
    assert fitted["version"] in again["saw"]

    _, at_last = step("forget", str(somebody))
    assert (at_last["removed"], at_last["saw"]) == ([], [])
    assert fitted["version"] in at_last["unknown"]
