"""One whole stack for each process of pytest, in a home of its own, started by the command that a user types."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_stack import Stack

from tests.ports import port_offset, process_name

DEFAULT_PORT_OFFSET = 11_000


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole stack, started once for all tests of this process and purged afterwards."""
    homes = Path(os.environ.get("DATAFLIX_TEST_HOMES") or tmp_path_factory.mktemp("homes"))
    home = homes / f"e2e-{process_name()}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DATAFLIX_")}
    environment = inherited | {"DATAFLIX_HOME": str(home)}
    if runtime := os.environ.get("DATAFLIX_RUNTIME"):
        environment["DATAFLIX_RUNTIME"] = runtime
    stack = Stack(home, environment)
    try:
        stack.must_run("up", "--port-offset", str(port_offset(DEFAULT_PORT_OFFSET)))
        yield stack
    finally:
        stack.close()
        stack.run("down", "--purge")
