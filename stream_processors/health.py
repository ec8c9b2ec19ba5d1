"""What the worker says about itself over HTTP: /health and /metrics, on an address of their own."""

import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from prometheus_client import CollectorRegistry, make_wsgi_app

from dataflix.errors import SettingsError
from dataflix.settings import Address

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

LONGEST_SILENCE_SECONDS = 5.0  # the event loop notes that it turns every second
LONGEST_DELIVERY_SECONDS = 30.0


class WorkerStatus:
    """What the parts of the worker note about themselves. Written by the event loop, read by the threads of HTTP."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting_for: str | None = "its start"
        self._partitions = 0
        self._turned_at = clock()
        self._delivering_since: float | None = None

    def waiting_for(self, what: str | None) -> None:
        """``what`` keeps the worker from starting; None when nothing does."""
        self._waiting_for = what

    def assigned(self, partitions: int) -> None:
        """How many partitions this worker reads."""
        self._partitions = partitions

    def turned(self) -> None:
        """The event loop runs."""
        self._turned_at = self._clock()

    def delivering(self) -> None:
        """A batch is on its way."""
        self._delivering_since = self._clock()

    def delivered(self) -> None:
        """No batch is on its way."""
        self._delivering_since = None

    def trouble(self) -> str | None:
        """Why the worker does not do its work, or None when it does."""
        now = self._clock()
        since = self._delivering_since
        if now - self._turned_at > LONGEST_SILENCE_SECONDS:
            return f"The event loop has stood still for {now - self._turned_at:.0f} s."
        if self._waiting_for:
            return f"The worker waits for {self._waiting_for}."
        if since is not None and now - since > LONGEST_DELIVERY_SECONDS:
            return f"A batch has been on its way for {now - since:.0f} s: ClickHouse or Kafka does not take it."
        if not self._partitions:
            return "No partition is assigned to this worker."
        return None


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _SilentHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library gives
        """Requests are not logged."""


class HealthServer:
    """Serves from a thread of its own, so that it answers while the event loop is busy."""

    def __init__(self, address: Address, status: WorkerStatus, registry: CollectorRegistry) -> None:
        """Raises SettingsError when the address is taken."""
        metrics = make_wsgi_app(registry)

        def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if environ["PATH_INFO"] == "/metrics":
                page: Iterable[bytes] = metrics(environ, start_response)
                return page
            if environ["PATH_INFO"] != "/health":
                start_response("404 Not Found", [("Content-Type", "text/plain")])
                return [b"There is /health and /metrics.\n"]
            trouble = status.trouble()
            start_response("503 Service Unavailable" if trouble else "200 OK", [("Content-Type", "application/json")])
            return [orjson.dumps({"status": "unhealthy" if trouble else "healthy", "reason": trouble})]

        try:
            self._server = make_server(address.host, address.port, application, _Server, _SilentHandler)
        except OSError as error:
            raise SettingsError(
                f"The worker cannot serve its health on {address} ({error.strerror}): stop what listens there, or "
                "give it another DATAFLIX_WORKER_PORT."
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
