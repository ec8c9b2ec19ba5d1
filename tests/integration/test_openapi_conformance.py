"""Schemathesis against the API on PostgreSQL: whatever the document allows or forbids, every answer is as it says.

Every operation but the stream of events, one by one and in chains of operations that belong together. Every run has
time for a few examples; `bin/dataflix test conformance` sends 20,000 cases, or `-- --cases N`.
"""

import json
import os
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
from aiohttp.test_utils import unused_port
from own_stack import Stack
from prometheus_client.parser import text_string_to_metric_families
from psycopg import sql
from screenings import patiently

from connectors.postgres import MAINTENANCE_DATABASE, connect_admin
from dataflix.settings import PROJECT, Settings
from stack.health import Unhealthy, http

FEW, MANY = 4, 100  # examples of each operation, beside those of each rule
FEW_LIMIT_S, MANY_LIMIT_S = 270, 1800
# A key may have come with another request, and a whole number with a fraction of zero (4.0) is none to us: what the
# document has no words for is refused with 422, as it says.
UNCHECKED = "positive_data_acceptance"
GROWTH_MB = 64  # of the server, from the first thousands of cases on


@pytest.fixture
def own_database(stack: Stack, postgres: Settings, public_topics: Settings) -> Iterator[dict[str, str]]:
    """Settings of a source that nobody else reads: people come and go here."""
    name = f"rest_{secrets.token_hex(4)}"
    own = {
        "DATAFLIX_POSTGRES_DATABASE": name,
        "DATAFLIX_API_PORT": str(unused_port() - public_topics.port_offset),
        "DATAFLIX_CLICKHOUSE_PORT": "1",  # whoever is erased here is nobody in the tables that others test with
        "DATAFLIX_LOG_LEVEL": "WARNING",
    }
    stack.run("connectors", "migrate", env=own)
    stack.run("connectors", "load-sample", env=own)
    yield own
    with connect_admin(postgres, MAINTENANCE_DATABASE) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class Api:
    """An API that runs, and what it says in its log."""

    def __init__(self, settings: Settings, environment: dict[str, str], log: Path) -> None:
        self.url = settings.api.url
        self._log = log
        with log.open("wb") as output:
            self.process = psutil.Popen(
                [sys.executable, "-m", "api"],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._ready = http(settings.api, "/ready")

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def memory_mb(self) -> float:
        return float(self.process.memory_info().rss / 2**20)

    @patiently()
    def wait_until_ready(self) -> None:
        try:
            self._ready()
        except Unhealthy as reason:
            raise AssertionError(self.log) from reason

    def answers(self) -> Counter[str]:
        """How many it has given, by status."""
        with urlopen(f"{self.url}/metrics", timeout=30) as reply:  # noqa: S310 our own
            families = text_string_to_metric_families(reply.read().decode())
        counts: Counter[str] = Counter()
        for family in families:
            for sample in family.samples:
                if sample.name == "dataflix_api_requests_total":
                    counts[sample.labels["status"]] += int(sample.value)
        return counts


@pytest.fixture
def api(stack: Stack, public_topics: Settings, own_database: dict[str, str], tmp_path: Path) -> Iterator[Api]:
    settings = public_topics.model_copy(update={"api_port": int(own_database["DATAFLIX_API_PORT"])})
    running = Api(settings, stack.environment | own_database, tmp_path / "api.log")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.process.terminate()
        running.process.wait(60)


def send(api: Api, folder: Path, examples: int, limit_s: float) -> int:
    """Let schemathesis try so many examples of each operation; how many cases it sent. All are answered rightly."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    tried = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{api.url}/openapi.json",
            *("--exclude-path", "/events"),
            *("--exclude-checks", UNCHECKED),
            *("--max-examples", str(examples)),
            *("--generation-database", "none"),
            *("--request-timeout", "30"),
            *("--warnings", "off"),
            *("--report", "json", "--report-json-path", str(report)),
            "--no-color",
        ],
        cwd=folder,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "answer_checks", "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout[-6000:] + tried.stderr[-2000:]
    return int(json.loads(report.read_text())["test_cases"]["generated"])


def test_every_answer_is_what_the_document_says(
    api: Api, tmp_path: Path, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted, before = pytestconfig.getoption("cases"), api.answers()
    sent = send(api, tmp_path, MANY if wanted else FEW, MANY_LIMIT_S if wanted else FEW_LIMIT_S)
    memory_mb = api.memory_mb
    while sent < (wanted or 0):
        sent += send(api, tmp_path, MANY, MANY_LIMIT_S)
    answers = api.answers() - before
    with capsys.disabled():
        by_status = ", ".join(f"{count:,} of {status}" for status, count in sorted(answers.items()))
        print(f"\n{sent:,} cases; answers: {by_status}; memory {memory_mb:.0f} to {api.memory_mb:.0f} MB")
    assert answers.total() >= sent
    assert not [status for status in answers if status >= "500"]
    assert api.memory_mb < memory_mb + GROWTH_MB
    assert "request_failed" not in api.log
    assert "Traceback" not in api.log
