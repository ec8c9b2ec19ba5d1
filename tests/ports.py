"""Where the servers of a test run listen: each process of pytest has ports of its own."""

import os

DEFAULT_BETWEEN_STACKS = 220


def process_name() -> str:
    """Of this process of pytest: gw0, gw1 and so on."""
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0")


def port_offset(default: int) -> int:
    """How far the ports of this process's servers are moved: from ``DATAFLIX_TEST_PORT_OFFSET`` or ``default`` on."""
    first = int(os.environ.get("DATAFLIX_TEST_PORT_OFFSET", default))
    between = int(os.environ.get("DATAFLIX_TEST_BETWEEN_STACKS", DEFAULT_BETWEEN_STACKS))
    return first + int(process_name().removeprefix("gw")) * between
