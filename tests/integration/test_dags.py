"""The DAGs as Airflow reads them: no errors, no cycles, and every task says whose it is, what it does, how long."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dataflix.settings import PROJECT, Settings, load_settings
from stack.environments import ensure
from stack.home import Home
from stack.servers import airflow
from training.engine_names import Engine

SCRIPT = Path(__file__).with_name("read_dags.py")
DAGS = {"dataflix_transform", "dataflix_retrain", "dataflix_maintain"}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow finds in our folder of DAGs, and in the manifest that dbt makes of our models. No server runs."""
    own = tmp_path_factory.mktemp("airflow")
    runtime = load_settings().runtime_folder
    environ = os.environ | {"DATAFLIX_HOME": str(own), "DATAFLIX_RUNTIME": str(runtime)}
    parsed = subprocess.run(
        [sys.executable, "-m", "stack", "dbt", "parse"], cwd=PROJECT, env=environ, capture_output=True, check=False
    )
    assert parsed.returncode == 0, parsed.stdout
    python = ensure(airflow.ENVIRONMENT, runtime) / "bin" / "python"
    environ |= airflow.environment(Home(Settings(home=own, runtime=runtime))) | {"AIRFLOW_HOME": str(own)}
    environ |= {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{own}/airflow.db"}
    done = subprocess.run(
        [str(python), str(SCRIPT)], cwd=PROJECT, env=environ, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert answer["errors"] == {}
    return answer


@pytest.fixture(scope="module")
def tasks(read: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{dag}.{name}": task for dag, found in read["dags"].items() for name, task in found["tasks"].items()}


def test_our_dags_are_all_there_is(read: dict[str, Any]) -> None:
    assert set(read["dags"]) == DAGS
    for dag in read["dags"].values():
        assert dag["doc"]
        assert dag["catchup"] is False
        assert dag["max_active_runs"] == 1


def test_every_task_has_an_owner_docs_a_timeout_retries_and_a_word_of_failure(
    tasks: dict[str, dict[str, Any]],
) -> None:
    assert len(tasks) > 20
    for name, task in tasks.items():
        assert task["owner"] == "dataflix", name
        assert task["doc"], name
        assert 0 < task["timeout_s"] <= 3_600, name
        assert task["retries"] >= 1, name
        assert task["backs_off"], name
        assert task["tells_failure"], name


def test_each_dbt_model_is_a_task_and_so_are_its_tests(read: dict[str, Any]) -> None:
    models = {path.stem for path in (PROJECT / "dbt" / "models").rglob("*.sql")}
    built = read["dags"]["dataflix_transform"]["tasks"]

    assert {f"models.{model}.run" for model in models} <= set(built)
    tested = {name for name in built if name.endswith(".test")}
    assert {"models.stg_ratings.test", "models.mart_user_movie_matrix.test"} <= tested


def test_marts_wait_for_the_tests_of_what_they_are_made_from(read: dict[str, Any]) -> None:
    built = read["dags"]["dataflix_transform"]["tasks"]

    direct = built["models.mart_user_movie_matrix.run"]["before"]
    assert any(name.endswith(".test") for name in direct)
    waits: set[str] = set()
    ahead = list(direct)
    while ahead:
        name = ahead.pop()
        if name not in waits:
            waits.add(name)
            ahead.extend(built[name]["before"])
    assert "models.stg_ratings.test" in waits
    assert built["freshness"]["before"] == []


def test_a_model_is_promoted_after_the_gate_and_announced_after_that(read: dict[str, Any]) -> None:
    steps = read["dags"]["dataflix_retrain"]["tasks"]

    assert {name: step["before"] for name, step in steps.items()} == {
        "snapshot": [],
        "fit": ["snapshot"],
        "evaluate": ["fit"],
        "gate": ["evaluate"],
        "promote": ["gate"],
        "announce": ["promote"],
    }


def test_what_a_person_may_choose_stands_in_the_form(read: dict[str, Any]) -> None:
    assert set(read["dags"]["dataflix_transform"]["params"]) == {"full_refresh"}
    choices = read["dags"]["dataflix_retrain"]["params"]
    assert set(choices) == {"engine", "max_iter", "n_components", "only_if_due"}
    assert choices["engine"]["enum"] == list(Engine)
