"""What every DAG of Dataflix has in common: tasks that run the project's own commands, and the word of a failure."""

import json
import os
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset

PROJECT = Path(__file__).resolve().parents[2]
RUNTIME = Path(os.environ["DATAFLIX_RUNTIME"])
HOME = Path(os.environ["DATAFLIX_HOME"])
PYTHON = RUNTIME / "app" / "bin" / "python"
OWNER = "dataflix"
ON_CONTAINERS = bool(os.environ.get("DATAFLIX_ON_CONTAINERS"))
WEBHOOK_TIMEOUT_S = 10

MARTS = Asset("dataflix_marts", uri="dataflix://analytics")
"""The marts of ClickHouse, built and tested."""


def post_failure(context: Mapping[str, Any]) -> None:
    """Tell the webhook of DATAFLIX_WEBHOOK_URL which task failed. What it printed stays here."""
    url = os.environ.get("DATAFLIX_WEBHOOK_URL")
    if not url:
        return
    instance = context["task_instance"]
    told = {
        "event": "task_failed",
        "dag": instance.dag_id,
        "run_id": instance.run_id,
        "task": instance.task_id,
        "attempts": instance.try_number,
        "at": datetime.now(UTC).isoformat(),
    }
    request = urllib.request.Request(  # noqa: S310 - whoever runs the stack chose the address
        url, data=json.dumps(told).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=WEBHOOK_TIMEOUT_S) as response:  # noqa: S310
        response.read()


TASK_DEFAULTS: dict[str, Any] = {
    "owner": OWNER,
    "retries": int(os.environ.get("DATAFLIX_TASK_RETRIES", "2")),
    "retry_delay": timedelta(seconds=int(os.environ.get("DATAFLIX_TASK_RETRY_SECONDS", "10"))),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(minutes=30),
    "on_failure_callback": post_failure,
}


def command(task_id: str, program: str, doc: str, **options: Any) -> BashOperator:
    """A task that runs ``python -m program`` in the application's environment; ``program`` may hold templates.

    Its result is the JSON of the last line that it prints. Exit code 99 means: nothing to do, what follows is skipped.
    """
    return BashOperator(
        task_id=task_id,
        bash_command=f'exec "{PYTHON}" -m {program}',
        cwd=str(PROJECT),
        env={"PYTHONPATH": str(PROJECT)},
        append_env=True,
        output_processor=_result,
        doc_md=doc,
        **options,
    )


def _result(last_line: str) -> Any:
    try:
        return json.loads(last_line)
    except ValueError:
        return last_line
