"""What `up` does and in which order: services, schema, sample data, connector, marts, first model.

Steps that do not need one another run side by side. A step whose result lasts is repeated only when something that it
was made from has changed, so that a changed contract takes effect and a start after `down` is quick.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from dataflix.settings import PROJECT, SETTINGS_FILE, Settings
from stack import health
from stack.digests import digest
from stack.home import Home
from stack.optional import Option, chosen
from stack.programs import Programs
from stack.progress import Steps
from stack.servers import kafka
from stack.service import Service, Unhealthy
from stack.startup import Starter, Task

MODEL = "dataflix-nmf"
CHAMPION = "champion"
_PATIENCE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Sources:
    """Digests of what lasting results are made from."""

    schema: str
    marts: str

    @classmethod
    def of(cls, home: Home) -> "Sources":
        """As they are now."""
        settings = home.settings
        migrations = [Path(folder) for folder in settings.migrations.split(":") if folder]
        code = [PROJECT / name for name in ("connectors", "clickhouse", "dataflix")]
        told = [home.folder / SETTINGS_FILE, home.secrets_file]
        # A broker that was formatted anew has neither topics nor connector
        broker = kafka.SERVER.folder(home) / "data" / "meta.properties"
        return cls(
            schema=digest((settings.contracts, *migrations, *code, *told, broker)),
            marts=digest((settings.contracts, PROJECT / "dbt")),
        )


def has_champion(settings: Settings) -> bool:
    """Whether MLflow's registry knows a champion."""
    url = f"{settings.mlflow.url}/api/2.0/mlflow/registered-models/alias?name={MODEL}&alias={CHAMPION}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as response:
            return bool(response.status == HTTPStatus.OK and json.load(response)["model_version"]["version"])
    except urllib.error.HTTPError:
        return False


def connector_runs(settings: Settings) -> bool:
    """Whether the connector and its task run, or do so within some seconds: Connect takes them up after its start."""
    check = health.connector(settings.connect, settings.connector)

    def runs() -> bool:
        try:
            check()
        except Unhealthy:
            return False
        return True

    attempts = Retrying(
        stop=stop_after_delay(_PATIENCE_SECONDS),
        wait=wait_fixed(0.2),
        retry=retry_if_result(lambda running: not running),
        retry_error_callback=lambda _: False,
    )
    return bool(attempts(runs))


class FullStart:
    """The tasks of a whole `up`."""

    def __init__(self, home: Home, table: Mapping[str, Service], starter: Starter, steps: Steps) -> None:
        self._home = home
        self._table = table
        self._starter = starter
        self._steps = steps
        self._programs = Programs(home)
        state = home.state()
        now = Sources.of(home)
        self._schema_stands = state.loaded and state.schema == now.schema
        self._marts_stand = state.loaded and state.marts == now.marts

    def tasks(self) -> dict[str, Task]:
        """Every task by name: those that go before it, and what it does."""
        migrated = () if self._schema_stands else ("migrate",)
        return {
            "postgres": self._service("postgres"),
            "kafka": self._service("kafka"),
            "clickhouse": self._service("clickhouse"),
            "s3": self._service("s3"),
            "migrate": self._lasting("Source schema, roles, publication", "connectors migrate", "postgres"),
            "connect": self._service("connect", "kafka"),
            # It answers from its database, which the migration makes
            "mlflow": self._service("mlflow", "postgres", *migrated),
            "apply": self._lasting("Raw tables from the contracts", "clickhouse apply", "clickhouse"),
            "buckets": self._lasting("Buckets", "training create-buckets", "s3"),
            "sample": self._lasting("Sample data", "connectors load-sample", "migrate"),
            "register": (("connect", "migrate", "sample"), self._register),
            "worker": self._service("worker", "register", "apply"),
            "watcher": self._service("watcher", "register"),
            "api": self._service("api", "register"),
            "marts": (("worker",), self._build_marts),
            "train": (("marts", "mlflow", "buckets"), self._train),
            "loaded": (("train", "api", "watcher"), self._record),
            **option_tasks(self._home, self._table, self._starter, self._steps, ("marts", *migrated)),
        }

    def _service(self, name: str, *after: str) -> Task:
        return after, lambda: self._starter.bring_up(self._table[name])

    def _lasting(self, what: str, command: str, *after: str) -> Task:
        def run() -> None:
            if not self._schema_stands:
                self._step(what, command)

        return after, run

    def _step(self, what: str, command: str) -> None:
        with self._steps.step(what):
            self._programs.run(*command.split())

    def _register(self) -> None:
        if not (self._schema_stands and connector_runs(self._home.settings)):
            self._step("Topics and connector", "connectors register")

    def _build_marts(self) -> None:
        if not self._marts_stand:
            self._step("Waiting until raw holds what the source holds", "clickhouse verify --wait 120")
            # Other models make other rows of the same raw: what earlier ones made is built anew
            self._step("Building the marts (dbt build)", "stack dbt build --full-refresh")

    def _train(self) -> None:
        if not (self._marts_stand and has_champion(self._home.settings)):
            self._step("Training the first model", "training train --if-missing")

    def _record(self) -> None:
        made_from = Sources.of(self._home)
        self._home.record_loaded(made_from.schema, made_from.marts)


def _prepared(option: Option) -> str:
    return f"{option.name} prepared"


def _finished(option: Option) -> str:
    return f"{option.name} finished"


def option_tasks(
    home: Home, table: Mapping[str, Service], starter: Starter, steps: Steps, after: tuple[str, ...]
) -> dict[str, Task]:
    """What the home was told to run beside the core: each option's preparation, then its services."""

    def prepared(option: Option) -> Callable[[], None]:
        def run() -> None:
            with steps.step(option.what):
                option.prepare(home)

        return run

    def started(service: Service) -> Callable[[], None]:
        return lambda: starter.bring_up(service)

    def finished(what: str, finish: Callable[[Home], None]) -> Callable[[], None]:
        def run() -> None:
            with steps.step(what):
                finish(home)

        return run

    tasks: dict[str, Task] = {}
    for option in chosen(home.settings):
        tasks[_prepared(option)] = (("postgres", *after), prepared(option))
        for service in option.services(home):
            tasks[service.name] = ((_prepared(option), *service.needs), started(table[service.name]))
        if option.finish is not None:
            services = tuple(service.name for service in option.services(home))
            tasks[_finished(option)] = (services, finished(option.finishes, option.finish))
    return tasks


def partial_start(
    home: Home, names: list[str], table: Mapping[str, Service], starter: Starter, steps: Steps
) -> dict[str, Task]:
    """The tasks of `up --only`: these services, and the steps that some of them cannot answer without."""

    def bring_up(name: str) -> Callable[[], None]:
        return lambda: starter.bring_up(table[name])

    tasks: dict[str, Task] = {name: (table[name].needs, bring_up(name)) for name in names}
    if "mlflow" in tasks and not home.state().loaded:
        tasks["migrate"] = (("postgres",), lambda: Programs(home).run("connectors", "migrate"))
        tasks["mlflow"] = (("migrate",), bring_up("mlflow"))
    optional = option_tasks(home, table, starter, steps, ("migrate",))
    if wanted := {name: task for name, task in optional.items() if name in names}:
        tasks |= wanted
        tasks["migrate"] = (("postgres",), lambda: Programs(home).run("connectors", "migrate"))
        for option in chosen(home.settings):
            tasks[_prepared(option)] = optional[_prepared(option)]
            if _finished(option) in optional and any(service.name in wanted for service in option.services(home)):
                tasks[_finished(option)] = optional[_finished(option)]
    return tasks
