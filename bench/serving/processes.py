"""An API of so many processes, started for one measurement beside the one that runs."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from tenacity import RetryError, Retrying, retry_if_not_result, stop_after_delay, wait_fixed

from dataflix.errors import DataflixError
from dataflix.settings import Address, Settings

PATIENCE = 120.0  # seconds until every process has read the stream
STOP_PATIENCE = 20.0  # seconds
_LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as free:
        free.bind((_LOOPBACK, 0))
        return int(free.getsockname()[1])


@contextmanager
def api_of(settings: Settings, processes: int) -> Iterator[Address]:
    """Gives its address once all processes are ready. Raises DataflixError when they do not become so."""
    address = Address(_LOOPBACK, free_port())
    own = {
        "DATAFLIX_API_HOST": address.host,
        "DATAFLIX_API_PORT": str(address.port - settings.port_offset),
    }
    command = [sys.executable, "-m", "api", "--processes", str(processes)]
    process = subprocess.Popen(command, env=os.environ | own, stderr=subprocess.DEVNULL)  # one line a request
    try:
        patiently = Retrying(
            stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.2), retry=retry_if_not_result(lambda ready: ready)
        )
        try:
            patiently(lambda: _is_ready(address))
        except RetryError:
            raise DataflixError(
                f"An API started for the measurement (processes: {processes}) did not become ready within "
                f"{PATIENCE:.0f} s: see `bin/dataflix status`."
            ) from None
        yield address
    finally:
        process.terminate()
        process.wait(STOP_PATIENCE)


def _is_ready(address: Address) -> bool:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=STOP_PATIENCE)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
