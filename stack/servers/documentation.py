"""dbt's documentation of the marts, with their lineage: one file, made by dbt, served on loopback."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dataflix.settings import PROJECT
from stack.commands import dbt
from stack.digests import digest
from stack.errors import StepFailed
from stack.home import Home

CODE = PROJECT / "dbt"
_MADE_FROM = "made-from"


def folder(home: Home) -> Path:
    """What is served."""
    return home.folder / "documentation"


def command(home: Home) -> Sequence[str | Path]:
    """The command that runs the server."""
    address = home.settings.docs
    return (
        sys.executable, "-m", "http.server", str(address.port), "--bind", address.host, "--directory", folder(home),
    )  # fmt: skip


def prepare(home: Home) -> None:
    """Have dbt write the pages, from the models and from the tables that are there. At once where that was done.

    Raises StepFailed.
    """
    served, done = folder(home) / "index.html", home.folder / "dbt" / _MADE_FROM
    made_from = digest((CODE, home.settings.contracts))
    if served.is_file() and done.is_file() and done.read_text() == made_from:
        return
    environment = dbt.environment(home.settings)
    log = home.logs / "documentation.log"
    with log.open("w") as output:
        finished = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", "docs", "generate", "--static"],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if finished.returncode:
        raise StepFailed(f"dbt could not write the documentation: the whole log is {log}.")
    folder(home).mkdir(exist_ok=True)
    (Path(environment["DBT_TARGET_PATH"]) / "static_index.html").replace(served)
    done.write_text(made_from)
