"""Servers that are started for one measurement, beside those that run."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

from tenacity import Retrying, retry_if_not_result, stop_after_delay, wait_fixed

from dataflix.errors import DataflixError
from dataflix.settings import Address

LOOPBACK = "127.0.0.1"
_STOP_PATIENCE = 20.0  # seconds


def free_port(host: str = LOOPBACK) -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind((host, 0))
        return int(free.getsockname()[1])


@contextmanager
def own_server(command: Sequence[str], at: Address, path: str, patience: float, **environment: str) -> Iterator[None]:
    """Run ``python -m`` with a command, which listens at an address; on entering, GET of ``path`` is 200 there.

    Raises DataflixError when it is not within ``patience`` seconds, or ends.
    """
    # Of an API, the log would be one line a request
    process = subprocess.Popen(
        [sys.executable, "-m", *command], env=os.environ | environment, stderr=subprocess.DEVNULL
    )
    try:
        if not _comes_up(process, at, path, patience):
            raise DataflixError(
                f"`{' '.join(command)}`, started for the measurement, did not come up: see that the stack is well "
                "(`bin/dataflix status`), and try again."
            )
        yield
    finally:
        process.terminate()
        process.wait(_STOP_PATIENCE)


def _comes_up(process: subprocess.Popen[bytes], at: Address, path: str, patience: float) -> bool:
    """False for one that has ended too, at once."""
    patiently = Retrying(
        stop=stop_after_delay(patience),
        wait=wait_fixed(0.1),
        retry=retry_if_not_result(lambda settled: settled),
        retry_error_callback=lambda _last: False,
    )
    return patiently(lambda: process.poll() is not None or _answers(at, path)) and process.poll() is None


def _answers(at: Address, path: str) -> bool:
    connection = http.client.HTTPConnection(at.host, at.port, timeout=_STOP_PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
