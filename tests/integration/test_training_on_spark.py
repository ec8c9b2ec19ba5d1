"""A training whose factors Spark fits: the same matrix, the same artifact, the same gate. Spark is in local mode."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from clickhouse_connect.driver.client import Client
from interaction_table import TWO_TASTES, filler
from own_stack import Stack
from pyarrow import parquet

from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.model_registry import MODEL_NAME
from dataflix.recommender import Catalogue, Interaction, model_from_bytes, recommend
from dataflix.settings import PROJECT, Settings
from training.choices import SHIPPED
from training.clickhouse_source import TABLE
from training.factorisation import run_matrix
from training.interaction_log import InteractionLog, build_log
from training.object_store import SNAPSHOTS_BUCKET, create_bucket, open_object_store
from training.snapshots import Snapshot
from training.spark.factoriser import SparkFactoriser, request_for
from training.splits import Protocol, split
from training.synthetic import synthetic_blocks

PROGRAM_LIMIT_S = 800
pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]

# Prints what Spark makes of a request: a line with run and item of each cell
CELLS = """
import sys
from pathlib import Path
from training.spark.cells import run_cells
from training.spark.messages import Place, Request
from training.spark.program import session
place = Place.from_bytes(Path(sys.argv[1]).read_bytes())
request = Request.from_bytes(Path(sys.argv[2]).read_bytes())
for row in run_cells(session(place), place, request).collect():
    print(row.run, row.item, row.chosen)
"""


@pytest.fixture(scope="module")
def spark(s3: Settings) -> Settings:
    """The object store, and an environment with Spark in it."""
    if not SparkFactoriser(s3, "").is_installed:
        pytest.skip("Spark is not installed here: `bin/dataflix test spark` installs it.")
    return s3


@pytest.fixture(scope="module")
def matrix(stack: Stack, spark: Settings, clickhouse: Settings, mlflow: Settings, kafka: Settings) -> Iterator[None]:
    """Everything that a training talks to, and a matrix of two tastes."""
    admin: Client = open_clickhouse(stack.settings, ClickHouseUser.ADMIN)
    admin.command("CREATE DATABASE IF NOT EXISTS analytics")
    filler(admin)(TWO_TASTES)
    yield
    admin.command(f"DROP TABLE IF EXISTS {TABLE}")
    admin.close()


Train = Callable[..., dict[str, Any]]


@pytest.fixture
def training(stack: Stack) -> Train:
    """Runs ``python -m training``; the JSON of its last line."""

    def run(*arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "training", *arguments],
            cwd=PROJECT,
            env=os.environ | {"DATAFLIX_HOME": str(stack.home)},
            capture_output=True,
            text=True,
            timeout=PROGRAM_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    return run


def test_sparks_matrix_is_the_matrix(spark: Settings, tmp_path: Path) -> None:
    blocks = list(synthetic_blocks(3_000, people=10, movies=2_000, seed=7))
    snapshot = kept_in_row_groups(spark, Snapshot.of(blocks), row_group_size=700)
    learned_from = split(build_log(blocks), Protocol.LAST_FIFTH).train

    cells = sparks_cells(spark, snapshot, learned_from, tmp_path)

    wanted = run_matrix(learned_from, SHIPPED.run_length).tocoo()
    assert max(np.bincount(learned_from.users)) > SHIPPED.run_length, "nobody has two runs"
    assert cells == {(run, item, 1.0) for run, item in zip(wanted.row.tolist(), wanted.col.tolist(), strict=True)}


def test_a_model_of_spark_passes_the_gate_beside_the_champion_and_serves(
    training: Train, matrix: None, stack: Stack
) -> None:
    settings = stack.settings
    champion = training("train", "--json", "--n-components", "2")

    trained = training("train", "--engine", "spark", "--json", "--n-components", "2")

    tags, model_bytes = registered(settings, trained["version"], trained["item_model"])
    assert trained["version"] == champion["version"] + 1
    assert tags["engine"] == "spark"
    assert tags["gate"] == "passed", tags["gate_reason"]
    assert tags["compared_with"] == str(champion["version"])
    assert trained["metrics"]["ndcg_at_10"] > trained["metrics"]["popularity_ndcg_at_10"]
    assert trained["metrics"]["champion_ndcg_at_10"] == pytest.approx(champion["metrics"]["ndcg_at_10"])
    model = model_from_bytes(model_bytes)
    shown = recommend(model, Catalogue.of(model), [Interaction(1, 3.5, 0, 5.0)], limit=3)
    assert {one.movie_id % 2 for one in shown} == {1}, "who likes odd movies is shown even ones"
    assert not list(settings.home.glob("spark-*")), "Spark's folder is still there"


def test_a_step_of_the_scheduler_fits_by_spark_and_repeated_finds_what_it_registered(
    training: Train, matrix: None, stack: Stack
) -> None:
    snapshot = training("snapshot")["snapshot"]
    step = ("fit", snapshot, "--n-components", "2", "--engine", "spark", "--for", "manual__1")

    candidate = training(*step)

    version = httpx.get(
        f"{stack.settings.mlflow.url}/api/2.0/mlflow/model-versions/get",
        params={"name": MODEL_NAME, "version": candidate["version"]},
    ).json()["model_version"]
    assert {"key": "engine", "value": "spark"} in version["tags"]
    assert training(*step) == candidate


def kept_in_row_groups(settings: Settings, snapshot: Snapshot, row_group_size: int) -> Snapshot:
    """The snapshot in the object store, as one of millions of interactions would be."""
    store, data = open_object_store(settings), io.BytesIO()
    create_bucket(store, SNAPSHOTS_BUCKET, wait_s=60)
    parquet.write_table(snapshot.table, data, row_group_size=row_group_size)
    store.put_object(SNAPSHOTS_BUCKET, f"{snapshot.id}.parquet", io.BytesIO(data.getvalue()), data.tell())
    return snapshot


def sparks_cells(
    settings: Settings, snapshot: Snapshot, log: InteractionLog, folder: Path
) -> set[tuple[int, int, float]]:
    """What Spark makes of ``log``, a part of ``snapshot``."""
    factoriser = SparkFactoriser(settings, snapshot.id)
    place, request = folder / "place", folder / "request"
    place.write_bytes(factoriser.place(str(folder)).to_bytes())
    request.write_bytes(request_for(log, SHIPPED).to_bytes())
    done = subprocess.run(
        [factoriser.python, "-c", CELLS, str(place), str(request)],
        env=factoriser.environment(),
        capture_output=True,
        text=True,
        timeout=PROGRAM_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = (line.split() for line in done.stdout.splitlines())
    return {(int(run), int(item), float(chosen)) for run, item, chosen in lines}


def registered(settings: Settings, version: int, item_model: str) -> tuple[dict[str, str], bytes]:
    """Tags of a version, and its artifact."""
    found = httpx.get(
        f"{settings.mlflow.url}/api/2.0/mlflow/model-versions/get", params={"name": MODEL_NAME, "version": version}
    )
    tags = {tag["key"]: tag["value"] for tag in found.json()["model_version"]["tags"]}
    artifact = httpx.get(f"{settings.mlflow.url}/api/2.0/mlflow-artifacts/artifacts/{item_model}", timeout=60)
    return tags, artifact.raise_for_status().content
