"""dbt's documentation of the marts, with their lineage: one file, made by dbt, served on loopback."""

import sys
from collections.abc import Sequence
from pathlib import Path

from dataflix.settings import PROJECT
from stack.commands import dbt
from stack.digests import digest
from stack.home import Home
from stack.preparation import Preparation

CODE = PROJECT / "dbt"


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
    served, mark = folder(home) / "index.html", home.folder / "dbt" / "made-from"
    environment = dbt.environment(home.settings)
    written = Path(environment["DBT_TARGET_PATH"]) / "static_index.html"
    if not (served.is_file() or written.is_file()):
        mark.unlink(missing_ok=True)
    Preparation(
        failure="dbt could not write the documentation",
        command=[sys.executable, "-m", "dbt.cli.main", "docs", "generate", "--static"],
        environment=environment,
        folder=home.folder,
        log=home.logs / "documentation.log",
        mark=mark,
        made_from=digest((CODE, home.settings.contracts)),
    ).run()
    if written.is_file():
        folder(home).mkdir(exist_ok=True)
        written.replace(served)
