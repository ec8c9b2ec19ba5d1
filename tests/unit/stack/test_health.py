"""Health: what a server answers decides, and only what runs here is asked."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dataflix.settings import Address, Settings
from stack import health
from stack.loading import has_champion
from stack.service import ProcessInfo, Service, Tier, Unhealthy

Serve = Callable[[dict[str, tuple[int, Any]]], Address]
RUNS = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "RUNNING"}]}


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Answer each path with a status and a JSON body; any other with 404."""
    servers: list[ThreadingHTTPServer] = []

    def start(answers: dict[str, tuple[int, Any]]) -> Address:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = answers.get(self.path, (404, {}))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return Address("127.0.0.1", server.server_address[1])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def nobody_there(serve: Serve) -> Address:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return Address("127.0.0.1", server.server_address[1])


def test_200_is_healthy_and_anything_else_is_told(serve: Serve) -> None:
    address = serve({"/ping": (200, {}), "/health": (503, {})})
    health.http(address, "/ping")()
    with pytest.raises(Unhealthy, match="answers 503"):
        health.http(address, "/health")()
    with pytest.raises(Unhealthy, match="does not answer"):
        health.http(nobody_there(serve), "/ping")()


def test_a_proxy_of_the_person_is_not_asked_for_this_machine(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{nobody_there(serve)}")
    health.http(serve({"/ping": (200, {})}), "/ping")()


def test_a_connector_is_healthy_with_its_task(serve: Serve) -> None:
    health.connector(serve({"/connectors/dataflix/status": (200, RUNS)}), "dataflix")()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (404, {}, "has no connector"),
        (500, {}, "answers 500"),
        (200, RUNS | {"tasks": []}, "connector and tasks are running"),
        (200, RUNS | {"tasks": [{"state": "FAILED"}]}, "running, failed"),
        (200, RUNS | {"connector": {"state": "PAUSED"}}, "paused, running"),
    ],
)
def test_a_connector_that_does_not_run_is_told(serve: Serve, status: int, body: Any, told: str) -> None:
    with pytest.raises(Unhealthy, match=told):
        health.connector(serve({"/connectors/dataflix/status": (status, body)}), "dataflix")()


@pytest.mark.parametrize(
    ("status", "body", "there"), [(200, {"model_version": {"version": "3"}}, True), (404, {"error_code": "X"}, False)]
)
def test_the_registry_tells_whether_there_is_a_champion(serve: Serve, status: int, body: Any, there: bool) -> None:
    path = "/api/2.0/mlflow/registered-models/alias?name=dataflix-nmf&alias=champion"
    address = serve({path: (status, body)})
    assert has_champion(Settings(mlflow_port=address.port)) is there


def a_service(name: str, check: Callable[[], None]) -> Service:
    return Service(
        name=name,
        summary="",
        tier=Tier.STORE,
        command=("true",),
        address=Address("127.0.0.1", 1),
        url="",
        check=check,
        folder=Path("/"),
        memory_mb=1,
    )


def test_what_is_wrong_is_told_by_service_and_what_does_not_run_here_is_not_asked() -> None:
    def broken() -> None:
        raise Unhealthy("answers 500")

    def asked() -> None:
        raise AssertionError

    table = [
        a_service("good", lambda: None),
        a_service("bad", broken),
        a_service("gone", asked),
        a_service("new", asked),
    ]
    processes = {
        "good": ProcessInfo("RUNNING", 1, 0),
        "bad": ProcessInfo("RUNNING", 2, 0),
        "gone": ProcessInfo("BACKOFF", None, 0),
    }
    wrong = health.failures(table, processes)
    assert wrong == {"bad": "answers 500", "gone": "does not run", "new": "does not run"}
