"""``bin/dataflix status``."""

import json
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from stack.health import failures
from stack.home import open_home
from stack.progress import output
from stack.services import services
from stack.supervision import Supervisor
from stack.watching import Finding, findings

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}

_CLIENTS_USE = (
    "api",
    "mlflow",
    "clickhouse",
    "kafka",
    "postgres",
    "s3",
    "connect",
    "airflow-api-server",
    "superset",
    "docs",
)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 0 only when the stream is well too.")] = False,
) -> None:
    """Tell which services run and answer, and how the stream stands; exit 0 only when all services are healthy."""
    home = open_home()
    table = services(home)
    processes = Supervisor(home).processes()
    wrong = failures(table.values(), processes)
    entries: list[dict[str, Any]] = []
    for service in table.values():
        known = processes.get(service.name)
        entries.append(
            {
                "name": service.name,
                "state": known.state.lower() if known else "stopped",
                "address": str(service.address),
                "pid": known.pid if known else None,
                "healthy": service.name not in wrong,
            }
        )
    watched = findings(home.settings.watcher) if "watcher" not in wrong else []
    if as_json:
        urls = {name: table[name].url for name in _CLIENTS_USE if name in table}
        print(
            json.dumps(
                {"services": entries, "stream": {found.name: found.told for found in watched}, "urls": urls}, indent=1
            )
        )
    else:
        shown = Table("service", "state", "address", "pid", "health", box=None)
        for entry in entries:
            health = wrong.get(entry["name"], "healthy")
            shown.add_row(entry["name"], entry["state"], entry["address"], str(entry["pid"] or ""), health)
        output().print(shown)
        if watched:
            output().print(_stream(watched))
    if not all(entry["healthy"] for entry in entries):
        raise typer.Exit(1)
    if strict and not _is_well(watched):
        raise typer.Exit(1)


def _is_well(watched: list[Finding]) -> bool:
    """Whether the watcher has looked and found nothing that a person must mend: slot, heartbeat, connector, lag."""
    return bool(watched) and all(found.level != "error" for found in watched)


def _stream(watched: list[Finding]) -> Table:
    shown = Table("\nstream", "\nlevel", "\nwhat is so", box=None)
    for found in watched:
        colour = _COLOURS.get(found.level, "red")
        shown.add_row(found.name, f"[{colour}]{found.level}[/{colour}]", escape(found.sentence))
    return shown
