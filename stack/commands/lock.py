"""``bin/dataflix lock``."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from stack.environments import REQUIREMENTS, uv
from stack.home import open_home
from stack.jars import lock_jars
from stack.progress import Steps

# test, spark and the images are resolved within app's versions, so app comes first
IMAGES = tuple(f"images/{image}" for image in ("app", "training", "dbt", "tasks"))
ENVIRONMENTS = ("bootstrap", "app", "test", "airflow", "superset", "spark", *IMAGES)
OLDEST_PYTHON = "3.11"


def lock(
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Take the newest allowed versions, not the locked ones.")
    ] = False,
) -> None:
    """Resolve requirements/*.in and requirements/jars/*.in anew, with hashes and without a host."""
    runtime = open_home().runtime
    steps = Steps()
    with steps.shown():
        for name in ENVIRONMENTS:
            with steps.step(f"Resolving {name}"):
                _compile(runtime, name, upgrade=upgrade)
        repository = runtime / "jars" / "resolving"
        try:
            lock_jars(repository, steps)
        finally:
            shutil.rmtree(repository, ignore_errors=True)


def _compile(runtime: Path, name: str, *, upgrade: bool) -> None:
    uv(
        runtime,
        "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links",
        "--python-version", OLDEST_PYTHON, "--custom-compile-command", "bin/dataflix lock",
        *(["--upgrade"] if upgrade else []),
        REQUIREMENTS / f"{name}.in", "--output-file", REQUIREMENTS / f"{name}.lock",
        failure=f"requirements/{name}.in could not be resolved.",
    )  # fmt: skip
