"""What is not part of the core and comes when it is asked for: ``bin/dataflix up --with NAME``."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dataflix.settings import SETTINGS_FILE, Settings
from stack import health
from stack.commands.dbt import connection
from stack.errors import BadInput
from stack.home import Home
from stack.servers import airflow, documentation, superset
from stack.service import Service, Tier
from stack.superset.loading import load_dashboards


@dataclass(frozen=True, slots=True)
class Option:
    """Services that come and go together."""

    name: str
    services: Callable[[Home], Sequence[Service]]
    prepare: Callable[[Home], None]
    """What has to be done before its services start, once PostgreSQL holds its role. Quick where it was done."""
    what: str
    """What ``prepare`` does, for a person."""
    finish: Callable[[Home], None] | None = None
    """What has to be done once its services answer. Quick where it was done."""
    finishes: str = ""
    """What ``finish`` does, for a person."""


def _airflow(home: Home) -> Sequence[Service]:
    settings = home.settings
    environment = airflow.environment(home)
    reads = (airflow.CODE, airflow.LOCK, home.folder / SETTINGS_FILE, home.secrets_file)

    def part(name: str, summary: str, memory_mb: int, *arguments: str) -> Service:
        return Service(
            name=f"airflow-{name}",
            summary=summary,
            tier=Tier.APPLICATION,
            needs=("airflow-api-server",),
            command=airflow.command(home, name, *arguments),
            address=settings.airflow,
            url=settings.airflow.url,
            check=airflow.part_is_well(home, name.replace("-", "_")),
            folder=airflow.folder(home),
            # Its tasks run dbt
            environment={**environment, **connection(settings)} if name == "scheduler" else environment,
            start_seconds=180,
            stop_seconds=30,
            memory_mb=memory_mb,
            reads=reads,
        )

    return (
        Service(
            name="airflow-api-server",
            summary="Airflow, web page and REST API",
            tier=Tier.PIPELINE,
            needs=("postgres",),
            command=airflow.command(home, "api-server"),
            address=settings.airflow,
            url=settings.airflow.url,
            ports={"airflow_port": settings.airflow.port},
            check=health.http(settings.airflow, "/api/v2/monitor/health"),
            folder=airflow.folder(home),
            environment=environment,
            prepare=lambda: airflow.prepare(home),
            start_seconds=180,
            stop_seconds=30,
            memory_mb=350,
            reads=reads,
        ),
        # Logs lie where the api-server reads them: no part needs a server of its own for them
        part("scheduler", "Airflow, runs tasks when they are due", 350, "--skip-serve-logs"),
        part("dag-processor", "Airflow, reads the DAGs", 250),
        part("triggerer", "Airflow, waits for what tasks wait for", 250, "--skip-serve-logs"),
    )


def _superset(home: Home) -> Sequence[Service]:
    settings = home.settings
    return (
        Service(
            name="superset",
            summary="Superset, live dashboards",
            tier=Tier.APPLICATION,
            needs=("postgres", "clickhouse"),
            command=superset.command(home),
            address=settings.superset,
            url=settings.superset.url,
            ports={"superset_port": settings.superset.port},
            check=health.http(settings.superset, "/health"),
            folder=superset.folder(home),
            environment=superset.environment(home),
            prepare=lambda: superset.prepare(home),
            start_seconds=180,
            stop_seconds=30,
            memory_mb=380,
            reads=(superset.CONFIGURATION, superset.LOCK, home.folder / SETTINGS_FILE, home.secrets_file),
        ),
    )


def _docs(home: Home) -> Sequence[Service]:
    settings = home.settings
    return (
        Service(
            name="docs",
            summary="dbt's documentation of the marts, with their lineage",
            tier=Tier.APPLICATION,
            needs=("clickhouse",),
            command=documentation.command(home),
            address=settings.docs,
            url=settings.docs.url,
            ports={"docs_port": settings.docs.port},
            check=health.http(settings.docs, "/index.html"),
            folder=documentation.folder(home),
            prepare=lambda: documentation.prepare(home),
            memory_mb=30,
            reads=(home.folder / SETTINGS_FILE,),
        ),
    )


OPTIONS = {
    option.name: option
    for option in (
        Option("airflow", _airflow, airflow.migrate, "Airflow's environment and database"),
        Option(
            "superset",
            _superset,
            superset.prepare,
            "Superset's environment and database",
            load_dashboards,
            "Dashboards from superset/assets",
        ),
        Option("docs", _docs, documentation.prepare, "Documentation of the marts"),
    )
}


def chosen(settings: Settings) -> tuple[Option, ...]:
    """What the home was told to run beside the core. Raises BadInput for a name that no option has."""
    return tuple(OPTIONS[name] for name in checked(filter(None, settings.optional.split(","))))


def checked(names: Iterable[str]) -> tuple[str, ...]:
    """``names`` in the order of the options, each once. Raises BadInput for one that no option has."""
    asked = {name.strip() for name in names}
    if unknown := sorted(asked - OPTIONS.keys()):
        raise BadInput(f"There is nothing optional called {unknown[0]!r}: choose from {', '.join(OPTIONS)}.")
    return tuple(name for name in OPTIONS if name in asked)
