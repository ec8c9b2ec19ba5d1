"""The health check of our images: one question over HTTP, and an exit code."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from dataflix.settings import PROJECT

PROBE = PROJECT / "docker" / "probe.py"
TOLD = {"scheduler": {"status": "healthy"}, "triggerer": {"status": "unhealthy"}, "dag_processor": {"status": None}}


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(TOLD).encode()
        self.send_response(200 if self.path == "/health" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class names it
        """Keep silent."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def probe(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", PROBE, *arguments], capture_output=True, text=True, check=False)


def test_a_page_that_answers_is_well(url: str) -> None:
    assert probe(f"{url}/health").returncode == 0


@pytest.mark.parametrize(
    ("path", "part", "reason"),
    [
        ("/elsewhere", [], "503"),
        ("/health", ["triggerer"], "triggerer is unhealthy"),
        ("/health", ["dag_processor"], "dag_processor is None"),
        ("/health", ["nobody"], "nobody"),
    ],
)
def test_what_is_not_well_is_said_in_a_sentence(url: str, path: str, part: list[str], reason: str) -> None:
    asked = probe(f"{url}{path}", *part)
    assert asked.returncode == 1
    assert reason in asked.stdout
    assert asked.stderr == ""


def test_a_part_that_is_called_healthy_is_well(url: str) -> None:
    assert probe(f"{url}/health", "scheduler").returncode == 0
