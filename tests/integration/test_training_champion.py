"""A training on real servers: from the matrix in ClickHouse to a champion that everybody finds."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from clickhouse_connect.driver.client import Client
from interaction_table import MOVIES, PEOPLE, TWO_TASTES, Fill, filler
from own_stack import Stack
from screenings import messages
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.model_registry import ANNOUNCEMENTS, EXPERIMENT, MODEL_NAME, Announcement, fetch_champion
from dataflix.recommender import model_from_bytes
from dataflix.settings import PROJECT, Settings
from training.choices import Choices
from training.clickhouse_source import TABLE
from training.object_store import open_object_store

PROGRAM_LIMIT_S = 280
# One test runs ten programs, each of which loads MLflow
pytestmark = pytest.mark.timeout(900)
# Loads the model as anybody would who has MLflow and none of our code, and asks for somebody who rated movie 1.
OUTSIDE = """
import json, sys
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
people = pandas.DataFrame({"movie_ids": [[1], []], "ratings": [[5.0], []]})
shown = model.predict(people, params={"limit": 3})
print(json.dumps([list(map(int, movie_ids)) for movie_ids in shown["movie_ids"]]))
"""


@pytest.fixture(scope="module")
def servers(stack: Stack, clickhouse: Settings, mlflow: Settings, kafka: Settings) -> Settings:
    """Everything that a training talks to."""
    return stack.settings


@pytest.fixture(scope="module")
def admin(servers: Settings) -> Iterator[Client]:
    client = open_clickhouse(servers, ClickHouseUser.ADMIN)
    client.command("CREATE DATABASE IF NOT EXISTS analytics")
    yield client
    client.command(f"DROP TABLE IF EXISTS {TABLE}")
    client.close()


@pytest.fixture(scope="module")
def fill(admin: Client) -> Fill:
    """Puts a matrix in place of what dbt would build."""

    return filler(admin)


@pytest.fixture
def training(stack: Stack) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``python -m training`` in the home of the servers, with settings of its own."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "training", *arguments],
            cwd=PROJECT,
            env=os.environ | {"DATAFLIX_HOME": str(stack.home)} | settings,
            capture_output=True,
            text=True,
            timeout=PROGRAM_LIMIT_S,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def champion(stack: Stack, fill: Fill) -> dict[str, Any]:
    """The result of the first training, on two tastes. Other tests train others after it."""
    fill(TWO_TASTES)
    result: dict[str, Any] = json.loads(stack.run("training", "train", "--json", "--n-components", "2"))
    return result


async def fetched(settings: Settings) -> Any:
    async with aiohttp.ClientSession() as session:
        return await fetch_champion(session, settings.mlflow.url)


def announcements(settings: Settings) -> list[tuple[bytes | None, Announcement]]:
    """Keys and values of all that is announced, from the first one on."""
    return [(key, Announcement.model_validate_json(value)) for key, value in messages(settings, ANNOUNCEMENTS) if value]


async def test_each_training_makes_a_new_version_the_champion(
    champion: dict[str, Any], stack: Stack, servers: Settings, fill: Fill
) -> None:
    first = await fetched(servers)
    fill(TWO_TASTES)

    again = json.loads(stack.run("training", "train", "--json", "--n-components", "3"))

    assert again["trained"] is True
    assert again["version"] == first.version + 1
    served = await fetched(servers)
    assert (served.version, served.run_id) == (again["version"], again["run_id"])
    assert served.item_model.rank == 3


async def test_a_rollback_brings_the_champion_before_back_and_the_gate_guards_the_way_forward(
    champion: dict[str, Any],
    stack: Stack,
    servers: Settings,
    fill: Fill,
    training: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    before = await fetched(servers)
    fill(TWO_TASTES)
    newer = json.loads(stack.run("training", "train", "--json", "--n-components", "4"))["version"]

    rolled_back = json.loads(stack.run("training", "models", "rollback", "--reason", "Odd lists", "--json"))

    assert rolled_back == {"version": before.version, "withdrawn": newer}
    assert (await fetched(servers)).version == before.version
    assert announcements(servers)[-1][1].version == before.version
    listed = {one["version"]: one for one in json.loads(stack.run("training", "models", "list", "--json"))}
    assert listed[before.version]["champion"]
    assert listed[newer]["withdrawn"].endswith("Odd lists")
    assert json.loads(stack.run("training", "models", "show", str(newer), "--json")) == listed[newer]

    asked = training("models", "promote", str(newer), "--json")

    if asked.returncode == 0:
        assert (await fetched(servers)).version == newer
    else:
        assert "the champion stays" in asked.stderr
        assert (await fetched(servers)).version == before.version
    forced = json.loads(stack.run("training", "models", "promote", str(newer), "--force", "I know better", "--json"))
    assert forced["version"] == newer
    assert (await fetched(servers)).version == newer
    assert training("models", "promote", "999").returncode == 2
    assert "Traceback" not in training("models", "show", "999").stderr


def test_the_model_lies_in_the_object_store(champion: dict[str, Any], servers: Settings) -> None:
    stored = open_object_store(servers).get_object("mlflow", champion["item_model"])
    try:
        model = model_from_bytes(stored.read())
    finally:
        stored.close()
        stored.release_conn()

    assert model.item_ids.tolist() == list(range(1, MOVIES + 1))
    assert model.popularity.sum() == len(TWO_TASTES)
    assert model.rank == 2


def test_a_champion_is_announced_to_whoever_serves_it(champion: dict[str, Any], servers: Settings) -> None:
    key, announced = next(one for one in announcements(servers) if one[1].version == champion["version"])

    assert key == MODEL_NAME.encode()
    assert announced.model_dump(mode="json") == {name: champion[name] for name in Announcement.model_fields}
    artifact = httpx.get(f"{servers.mlflow.url}/api/2.0/mlflow-artifacts/artifacts/{announced.item_model}")
    assert model_from_bytes(artifact.content).rank == 2


def test_the_model_runs_outside_of_our_code(champion: dict[str, Any], servers: Settings, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OUTSIDE, f"models:/{MODEL_NAME}/{champion['version']}"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        | {"MLFLOW_TRACKING_URI": servers.mlflow.url},
        capture_output=True,
        text=True,
        timeout=PROGRAM_LIMIT_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    of_the_odd, of_somebody_new = json.loads(done.stdout.splitlines()[-1])
    assert all(movie % 2 == 1 and movie != 1 for movie in of_the_odd)
    assert len(of_the_odd) == len(of_somebody_new) == 3


def test_the_model_answers_over_http_where_mlflow_serves_it(
    champion: dict[str, Any], servers: Settings, tmp_path: Path, unused_tcp_port: int
) -> None:
    address = f"http://127.0.0.1:{unused_tcp_port}"
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # MLflow starts uvicorn by its name
    outside["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{outside['PATH']}"
    model = f"models:/{MODEL_NAME}/{champion['version']}"
    served = ["--env-manager", "local", "--port", str(unused_tcp_port), "--workers", "1"]
    with (tmp_path / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "models", "serve", "-m", model, *served],
            cwd=tmp_path,
            env=outside | {"MLFLOW_TRACKING_URI": servers.mlflow.url},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        for attempt in Retrying(
            stop=stop_after_delay(PROGRAM_LIMIT_S),
            wait=wait_fixed(0.2),
            retry=retry_if_exception_type((httpx.TransportError, AssertionError)),
            reraise=True,
        ):
            with attempt:
                if server.poll() is not None:
                    pytest.fail(f"The server ended: {(tmp_path / 'serve.log').read_text()}")
                assert httpx.get(f"{address}/ping").status_code == 200
        people = {"columns": ["movie_ids", "ratings"], "data": [[[2], [5.0]], [[], []]]}
        question = {"dataframe_split": people, "params": {"limit": 2}}
        answer = httpx.post(f"{address}/invocations", json=question, timeout=60)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()

    of_the_even, of_somebody_new = (row["movie_ids"] for row in answer.json()["predictions"])
    assert all(movie % 2 == 0 and movie != 2 for movie in of_the_even)
    assert len(of_the_even) == len(of_somebody_new) == 2


def test_the_run_keeps_its_data_set_its_plots_and_its_card(champion: dict[str, Any], servers: Settings) -> None:
    version = {"name": MODEL_NAME, "version": str(champion["version"])}
    with httpx.Client(base_url=f"{servers.mlflow.url}/api/2.0/mlflow") as mlflow:
        run = mlflow.get("runs/get", params={"run_id": champion["run_id"]}).json()["run"]
        registered = mlflow.get("model-versions/get", params=version).json()["model_version"]
        kept = {
            one["path"]
            for path in ("", "plots")
            for one in mlflow.get("artifacts/list", params={"run_id": champion["run_id"], "path": path}).json()["files"]
        }

    (data_set,) = (one["dataset"] for one in run["inputs"]["dataset_inputs"])
    assert data_set["digest"] == next(one["value"] for one in registered["tags"] if one["key"] == "snapshot")
    assert json.loads(data_set["profile"]) == {"num_rows": len(TWO_TASTES), "people": PEOPLE, "movies": MOVIES}
    stored = json.loads(data_set["source"])["uri"].removeprefix("s3://").split("/")
    assert open_object_store(servers).stat_object(*stored).size > 0
    plots = {f"plots/{name}.png" for name in ("factors", "learning_curve", "long_tail", "metric_by_rank")}
    assert {"environment.json", "model_card.md"} | plots <= kept
    assert registered["description"].startswith(f"# {MODEL_NAME}, version {champion['version']}")
    assert "**Gate.** Passed" in registered["description"]


def test_the_run_tells_choices_and_errors(champion: dict[str, Any], servers: Settings) -> None:
    with httpx.Client(base_url=f"{servers.mlflow.url}/api/2.0/mlflow") as mlflow:
        run = mlflow.get("runs/get", params={"run_id": champion["run_id"]}).json()["run"]
        experiment = mlflow.get("experiments/get-by-name", params={"experiment_name": EXPERIMENT}).json()

    assert run["info"]["status"] == "FINISHED"
    assert run["info"]["experiment_id"] == experiment["experiment"]["experiment_id"]
    params = {one["key"]: one["value"] for one in run["data"]["params"]}
    assert params == {name: str(value) for name, value in asdict(Choices(n_components=2)).items()}
    metrics = {one["key"]: one["value"] for one in run["data"]["metrics"]}
    assert metrics.items() >= champion["metrics"].items()
    assert metrics["interactions"] == len(TWO_TASTES)
    assert metrics["sparsity"] == pytest.approx(1 - len(TWO_TASTES) / (PEOPLE * MOVIES))
    assert 0 <= metrics["mae"] <= metrics["rmse"] < 0.5


async def test_nothing_is_trained_where_a_champion_is_enough(
    champion: dict[str, Any], stack: Stack, servers: Settings
) -> None:
    before = await fetched(servers)

    result = json.loads(stack.run("training", "train", "--if-missing", "--json"))

    assert result == {"trained": False, "version": before.version}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([], "0 people with 0 movies"),
        ([(1, 1, 3.5), (2, 2, 3.5), (2, 2, 3.0)], "not the only one"),
    ],
    ids=["empty", "corrupt"],
)
async def test_data_that_is_unfit_is_refused_and_the_champion_stays(
    champion: dict[str, Any],
    fill: Fill,
    training: Callable[..., subprocess.CompletedProcess[str]],
    servers: Settings,
    cells: list[tuple[int, int, float]],
    reason: str,
) -> None:
    before = await fetched(servers)
    fill(cells)

    done = training("train", "--json")

    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert (await fetched(servers)).version == before.version


@pytest.mark.parametrize(
    ("arguments", "setting", "sentence"),
    [
        (["train", "--if-missing"], "DATAFLIX_MLFLOW_PORT", "MLflow does not answer"),
        (["train"], "DATAFLIX_MLFLOW_PORT", "does not answer or refuses"),
        (["train"], "DATAFLIX_CLICKHOUSE_PORT", "ClickHouse does not answer"),
        (["train"], "DATAFLIX_KAFKA_PORT", "is the champion, but Kafka"),
    ],
)
def test_a_server_that_is_away_is_a_sentence(
    champion: dict[str, Any],
    training: Callable[..., subprocess.CompletedProcess[str]],
    arguments: list[str],
    setting: str,
    sentence: str,
    fill: Fill,
) -> None:
    fill(TWO_TASTES)

    done = training(*arguments, **{setting: "1"})

    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_matrix_names_the_step_that_builds_it(
    servers: Settings, admin: Client, training: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    admin.command(f"DROP TABLE IF EXISTS {TABLE}")

    done = training("train")

    assert done.returncode == 1
    assert f"has no table {TABLE}: run `bin/dataflix dbt build` first" in done.stderr


def test_a_person_reads_what_was_trained_and_nothing_of_mlflow(
    fill: Fill, training: Callable[..., subprocess.CompletedProcess[str]], servers: Settings
) -> None:
    fill(TWO_TASTES)

    done = training("train")

    assert done.returncode == 0
    assert f"{len(TWO_TASTES)} interactions of {PEOPLE} people with {MOVIES} movies" in done.stderr
    assert f"of {MODEL_NAME} is the champion." in done.stdout
    assert "http" not in done.stdout + done.stderr
