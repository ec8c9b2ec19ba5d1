"""``bin/dataflix status``."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from stack.health import failures
from stack.home import open_home
from stack.progress import output
from stack.services import services
from stack.supervision import Supervisor


def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False) -> None:
    """Tell which services run and answer; exit 0 only when all are healthy."""
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
    if as_json:
        urls = {name: table[name].url for name in ("api", "mlflow", "clickhouse", "kafka", "postgres", "s3", "connect")}
        print(json.dumps({"services": entries, "urls": urls}, indent=1))
    else:
        shown = Table("service", "state", "address", "pid", "health", box=None)
        for entry in entries:
            health = wrong.get(entry["name"], "healthy")
            shown.add_row(entry["name"], entry["state"], entry["address"], str(entry["pid"] or ""), health)
        output().print(shown)
    if not all(entry["healthy"] for entry in entries):
        raise typer.Exit(1)
