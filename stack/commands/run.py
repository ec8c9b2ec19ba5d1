"""``bin/dataflix run``."""

import json
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from tenacity import Retrying, retry_if_exception_type, retry_if_not_result, stop_after_delay, wait_fixed

from stack.airflow_api import AirflowApi, AirflowAway, Run
from stack.commands.train import SPARK
from stack.environments import ensure
from stack.errors import BadInput
from stack.home import open_home
from stack.optional import chosen

_LOOK_EVERY_S = 1.0
# The run goes on while the api-server is restarted, so whoever follows it waits too
_MAY_BE_AWAY_S = 60.0


class Pipeline(StrEnum):
    """What Airflow runs."""

    TRANSFORM = "transform"
    RETRAIN = "retrain"
    MAINTAIN = "maintain"


def run(
    pipeline: Annotated[Pipeline, typer.Argument(help="transform, retrain or maintain.")],
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end; exit 0 only when it succeeds.")] = False,
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the run. Repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Start a pipeline in Airflow: build the marts, train anew, or keep house.

    `--param engine=spark` lets Spark fit the factors of a training, and installs it the first time.
    """
    home = open_home()
    if "airflow" not in (option.name for option in chosen(home.settings)):
        raise BadInput("Airflow is not part of this home: start it with `bin/dataflix up --with airflow`.")
    params = dict(_parameter(text) for text in param or [])
    if params.get("engine") == SPARK:
        ensure(SPARK, home.runtime)
    api = AirflowApi(home.settings)
    began = time.monotonic()
    current = api.trigger(f"dataflix_{pipeline}", params)
    if wait:
        current = _follow(api, current, Console(stderr=True, highlight=False))
    if as_json:
        result = {"dag": current.dag, "run_id": current.id, "state": current.state, "tasks": dict(current.tasks)}
        print(json.dumps(result | {"seconds": round(time.monotonic() - began, 1)}))
    else:
        print(f"{current.dag} {current.id}: {current.state}")
    if wait and current.state != "success":
        raise typer.Exit(1)


def _parameter(text: str) -> tuple[str, Any]:
    """``max_iter=50`` → ("max_iter", 50): what reads as JSON is JSON, anything else is text."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise BadInput(f"--param {text} is not NAME=VALUE: write it like --param n_components=8.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _follow(api: AirflowApi, run: Run, console: Console) -> Run:
    """Show the tasks until the run has ended; how it ended."""
    if console.is_terminal:
        with Live(_table(run), console=console, refresh_per_second=4) as live:
            return _until_ended(api, run, lambda now: live.update(_table(now)))
    told: dict[str, str] = {}

    def say(now: Run) -> None:
        for task, state in now.tasks.items():
            if told.get(task) != state and state != "waiting":
                console.print(f"  {task}: {state}", markup=False, soft_wrap=True)
                told[task] = state

    return _until_ended(api, run, say)


def _until_ended(api: AirflowApi, run: Run, show: Callable[[Run], None]) -> Run:
    patient = Retrying(
        retry=retry_if_exception_type(AirflowAway),
        stop=stop_after_delay(_MAY_BE_AWAY_S),
        wait=wait_fixed(_LOOK_EVERY_S),
        reraise=True,
    )

    def look() -> Run:
        now: Run = patient(api.run, run.dag, run.id)
        show(now)
        return now

    attempts = Retrying(wait=wait_fixed(_LOOK_EVERY_S), retry=retry_if_not_result(lambda now: now.has_ended))
    ended: Run = attempts(look)
    return ended


def _table(run: Run) -> Table:
    shown = Table("task", "state", box=None, title=f"{run.dag}: {run.state}", title_justify="left")
    for task, state in run.tasks.items():
        shown.add_row(task, state)
    return shown
