"""What `up` does and in which order: services, schema, sample data, connector, marts, first model.

Steps that do not need one another run side by side. What repeats cheaply (migrating, applying, registering) runs each
time, so that a changed contract takes effect; marts and model are made when they are missing or their sources changed.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus

from dataflix.settings import PROJECT, Settings
from stack.digests import digest
from stack.home import Home
from stack.programs import Programs
from stack.progress import Steps
from stack.service import Service
from stack.startup import Starter, Task

MODEL = "dataflix-nmf"
CHAMPION = "champion"


def has_champion(settings: Settings) -> bool:
    """Whether MLflow's registry knows a champion."""
    url = f"{settings.mlflow.url}/api/2.0/mlflow/registered-models/alias?name={MODEL}&alias={CHAMPION}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as response:
            return bool(response.status == HTTPStatus.OK and json.load(response)["model_version"]["version"])
    except urllib.error.HTTPError:
        return False


def full_start(
    home: Home, table: Mapping[str, Service], starter: Starter, programs: Programs, steps: Steps
) -> dict[str, Task]:
    """Every task of a whole `up`, by name."""
    sources = digest((home.settings.contracts, PROJECT / "dbt"))
    state = home.state()
    marts_are_current = state.loaded and state.marts == sources

    def service(name: str, *after: str) -> Task:
        return after, lambda: starter.bring_up(table[name])

    def step(what: str, program: str, *arguments: str, after: tuple[str, ...]) -> Task:
        def run() -> None:
            with steps.step(what):
                programs.run(program, *arguments)

        return after, run

    def build_marts() -> None:
        if marts_are_current:
            return
        with steps.step("Waiting until raw holds what the source holds"):
            programs.run("clickhouse", "verify", "--wait", "120")
        with steps.step("Building the marts (dbt build)"):
            programs.run("stack", "dbt", "build")

    def train() -> None:
        if marts_are_current and has_champion(home.settings):
            return
        with steps.step("Training the first model"):
            programs.run("training", "train", "--if-missing")

    return {
        "postgres": service("postgres"),
        "kafka": service("kafka"),
        "clickhouse": service("clickhouse"),
        "s3": service("s3"),
        "migrate": step("Source schema, roles, publication", "connectors", "migrate", after=("postgres",)),
        "connect": service("connect", "kafka"),
        "mlflow": service("mlflow", "migrate"),
        "apply": step("Raw tables from the contracts", "clickhouse", "apply", after=("clickhouse",)),
        "buckets": step("Buckets", "training", "create-buckets", after=("s3",)),
        "sample": step("Sample data", "connectors", "load-sample", after=("migrate",)),
        "register": step("Topics and connector", "connectors", "register", after=("connect", "migrate", "sample")),
        "worker": service("worker", "register", "apply"),
        "api": service("api", "register"),
        "marts": (("worker",), build_marts),
        "train": (("marts", "mlflow", "buckets"), train),
        "loaded": (("train", "api"), lambda: home.record_loaded(sources)),
    }


def partial_start(
    names: list[str], table: Mapping[str, Service], starter: Starter, programs: Programs
) -> dict[str, Task]:
    """The tasks of `up --only`: these services, and the one step that MLflow cannot answer without."""
    tasks: dict[str, Task] = {
        name: (table[name].needs, lambda name=name: starter.bring_up(table[name]))  # type: ignore[misc]
        for name in names
    }
    if "mlflow" in tasks:
        tasks["migrate"] = (("postgres",), lambda: programs.run("connectors", "migrate"))
        tasks["mlflow"] = (("migrate", "s3"), tasks["mlflow"][1])
    return tasks
