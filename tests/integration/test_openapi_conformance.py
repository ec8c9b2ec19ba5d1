"""Schemathesis against the API on PostgreSQL: whatever the document allows or forbids, every answer is as it says.

Every operation but the stream of events, one by one and in chains of operations that belong together.
`DATAFLIX_TEST_EXAMPLES=500` tries many more than the few that every run has time for.
"""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_stack import Stack
from psycopg import sql
from screenings import patiently

from connectors.postgres import MAINTENANCE_DATABASE, connect_admin
from dataflix.settings import PROJECT, Settings
from stack.health import Unhealthy, http

EXAMPLES = int(os.environ.get("DATAFLIX_TEST_EXAMPLES", "4"))  # of each operation, beside those of each rule
LIMIT_S = 270 if EXAMPLES < 10 else 7200
# A key may have come with another request, and a whole number with a fraction of zero (4.0) is none to us: what the
# document has no words for is refused with 422, as it says.
UNCHECKED = "positive_data_acceptance"


@pytest.fixture
def own_database(stack: Stack, postgres: Settings, public_topics: Settings) -> Iterator[dict[str, str]]:
    """Settings of a source that nobody else reads: people come and go here."""
    name = f"rest_{secrets.token_hex(4)}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "DATAFLIX_POSTGRES_DATABASE": name,
        "DATAFLIX_API_PORT": str(port - public_topics.port_offset),
        "DATAFLIX_CLICKHOUSE_PORT": "1",  # whoever is erased here is nobody in the tables that others test with
        "DATAFLIX_LOG_LEVEL": "WARNING",
    }
    stack.run("connectors", "migrate", env=own)
    stack.run("connectors", "load-sample", env=own)
    yield own
    with connect_admin(postgres, MAINTENANCE_DATABASE) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.timeout(LIMIT_S + 30)
def test_every_answer_is_what_the_document_says(
    stack: Stack, public_topics: Settings, own_database: dict[str, str], tmp_path: Path
) -> None:
    settings = public_topics.model_copy(update={"api_port": int(own_database["DATAFLIX_API_PORT"])})
    log = tmp_path / "api.log"
    with log.open("wb") as output:
        api = subprocess.Popen(
            [sys.executable, "-m", "api"],
            cwd=PROJECT,
            env=stack.environment | own_database,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:

        @patiently()
        def ready() -> None:
            try:
                http(settings.api, "/ready")()
            except Unhealthy as reason:
                raise AssertionError(log.read_text()) from reason

        ready()
        tried = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                "run",
                f"{settings.api.url}/openapi.json",
                *("--exclude-path", "/events"),
                *("--exclude-checks", UNCHECKED),
                *("--max-examples", str(EXAMPLES)),
                *("--generation-database", "none"),
                *("--request-timeout", "30"),
                *("--warnings", "off"),
                "--no-color",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    finally:
        api.terminate()
        api.wait(60)
    assert tried.returncode == 0, tried.stdout[-6000:] + tried.stderr[-2000:]
    assert "request_failed" not in log.read_text()
