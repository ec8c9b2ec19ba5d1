"""A worker process of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Protocol

from aiohttp.test_utils import unused_port
from screenings import patiently

from dataflix.settings import PROJECT, Settings


class Place(Protocol):
    """Where a worker works: the servers, and the environment variables that lead to them and to the contracts."""

    @property
    def settings(self) -> Settings: ...

    @property
    def environment(self) -> dict[str, str]: ...


class Worker:
    """A worker process. ``log`` is the file of its standard error."""

    def __init__(self, place: Place, log: Path, **settings: Any) -> None:
        self._port = unused_port()
        own = {"worker_port": self._port - place.settings.port_offset} | settings
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stream_processors"],
                cwd=PROJECT,
                env=place.environment | {f"DATAFLIX_{name.upper()}": str(value) for name, value in own.items()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
            )

    def get(self, path: str) -> tuple[int, str]:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=5)) as connection:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()

    def metric(self, name: str) -> float:
        """The sum over all labels."""
        samples = [line for line in self.get("/metrics")[1].splitlines() if line.startswith(name)]
        return sum(float(line.rpartition(" ")[2]) for line in samples)

    @patiently()
    def wait_until_healthy(self) -> None:
        assert self.process.poll() is None, self.log.read_text()
        assert self.get("/health")[0] == 200

    def trouble(self) -> str | None:
        reason: str | None = json.loads(self.get("/health")[1])["reason"]
        return reason

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def stop(self) -> int:
        """The exit code after SIGTERM."""
        self.process.terminate()
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def logged(self, event: str) -> list[dict[str, Any]]:
        entries = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [entry for entry in entries if entry.get("event") == event]


StartWorker = Callable[..., Worker]  # with settings for it


@contextmanager
def running(workers: Iterable[Worker]) -> Iterator[None]:
    """Leave no worker behind."""
    try:
        yield
    finally:
        for worker in workers:
            if worker.process.poll() is None:
                worker.stop()  # killed ones stay members of the group until their session ends
