"""``bin/dataflix test``."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from stack.environments import ensure
from stack.home import open_home
from stack.testing import CheckRun, Outcome


class Suite(StrEnum):
    """What can be tested by itself."""

    UNIT = "unit"
    INTEGRATION = "integration"
    E2E = "e2e"
    CONTAINERS = "containers"
    SPARK = "spark"
    CONFORMANCE = "conformance"
    ALL = "all"


def run_tests(
    suite: Annotated[
        Suite, typer.Argument(help="unit, integration, e2e, all of these, containers, spark or conformance.")
    ] = Suite.ALL,
    pytest_arguments: Annotated[list[str] | None, typer.Argument(metavar="[-- PYTEST ARGUMENTS]")] = None,
) -> None:
    """Check and test the project: ruff, mypy, import-linter, then the tests against real servers of their own.

    The tests run on homes and ports of their own, which are gone afterwards, whatever happened. `containers` builds the
    images and runs the system on Docker; it needs root and takes longer, so `all` goes without it. `spark` installs
    Spark, half a gigabyte, and trains on it. `conformance` sends the API 20,000 cases made of its own document, or as
    many as `-- --cases N` says.
    """
    home = open_home()
    python = ensure("test", home.runtime) / "bin" / "python"
    if suite is Suite.SPARK:
        ensure(suite.value, home.runtime)
    suites = ["unit", "integration", "e2e"] if suite is Suite.ALL else [suite.value]
    outcome = Outcome()
    home.folder.mkdir(parents=True, exist_ok=True)
    with home.held("tests"), CheckRun(home, python) as run:
        outcome += run.lint()
        for name in suites:
            outcome += run.pytest(name, pytest_arguments or [])
    print(outcome)
    sys.exit(0 if outcome.is_good else 1)
