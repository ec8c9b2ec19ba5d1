"""A running Dataflix as its people use it, for tests: commands, REST, SQL."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
import psycopg
from clickhouse_connect.driver.client import Client
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from dataflix.settings import PROJECT, SECRETS_FILE, SETTINGS_FILE, Settings

COMMAND = PROJECT / "bin" / "dataflix"


def patiently(seconds: float = 60) -> Retrying:
    """Try an assertion again until it holds: ``for attempt in patiently(): with attempt: assert ...``."""
    return Retrying(
        stop=stop_after_delay(seconds),
        wait=wait_fixed(0.1),
        retry=retry_if_exception_type((AssertionError, httpx.TransportError, psycopg.OperationalError)),
        reraise=True,
    )


@dataclass
class Stack:
    """A running Dataflix, used as its people use it: commands, REST, SQL."""

    home: Path
    environment: dict[str, str]
    people: int = 0

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``bin/dataflix`` and return what it said and its exit code."""
        return subprocess.run(
            [sys.executable, str(COMMAND), *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def must_run(self, *arguments: str) -> str:
        finished = self.run(*arguments)
        assert finished.returncode == 0, f"{arguments}: {finished.stdout}\n{finished.stderr}"
        return finished.stdout

    def configure(self, **settings: str | Path) -> None:
        """Write settings into the home, as a user edits its settings file."""
        with (self.home / SETTINGS_FILE).open("a") as file:
            file.writelines(f"DATAFLIX_{name.upper()}={value}\n" for name, value in settings.items())

    @property
    def settings(self) -> Settings:
        return Settings(_env_file=(self.home / SETTINGS_FILE, self.home / SECRETS_FILE), home=self.home)

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return answer

    def kill(self, service: str) -> int:
        """``kill -9`` of one service; returns the process id that was ended."""
        pid = next(entry["pid"] for entry in self.status()["services"] if entry["name"] == service)
        os.kill(pid, signal.SIGKILL)
        return int(pid)

    @cached_property
    def api(self) -> httpx.Client:
        return httpx.Client(base_url=self.settings.api.url, timeout=10)

    def source(self, database: str | None = None) -> psycopg.Connection[tuple[Any, ...]]:
        """PostgreSQL, as its administrator; the database of the source unless another is named."""
        settings = self.settings
        conninfo = settings.postgres_conninfo("dataflix_admin", settings.postgres_admin_password, database)
        return psycopg.connect(conninfo, autocommit=True)

    @cached_property
    def clickhouse(self) -> Client:
        """ClickHouse, as its administrator."""
        settings = self.settings
        password = settings.clickhouse_admin_password.get_secret_value()
        address = settings.clickhouse
        return clickhouse_connect.get_client(host=address.host, port=address.port, username="admin", password=password)

    def sign_up(self, **values: Any) -> int:
        """A new person over REST, with good defaults; returns the user id."""
        self.people += 1
        name = f"somebody{self.people}"
        body = {"username": name, "email": f"{name}@example.net", "first_name": "Some", "last_name": "Body"} | values
        answer = self.api.post("/users", json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["user_id"])

    def rate(self, user_id: int, movie_id: int, rating: float, **values: Any) -> None:
        body = {"user_id": user_id, "movie_id": movie_id, "rating": rating} | values
        answer = self.api.post("/ratings", json=body)
        assert answer.is_success, answer.text

    def recommended(self, user_id: int, limit: int = 10) -> list[int]:
        for attempt in patiently():  # 503 while an API that has just been started reads what was rated before
            with attempt:
                answer = self.api.get(f"/recommendations/{user_id}", params={"limit": limit})
                assert answer.status_code == 200, answer.text
        return [entry["movie_id"] for entry in answer.json()["recommendations"]]

    @contextmanager
    def listening(self, query: str) -> Iterator[Iterator[str]]:
        """The names of the server-sent events, as they come."""
        with self.api.stream("GET", f"/events?{query}", timeout=30) as answer:
            yield (line.removeprefix("event: ") for line in answer.iter_lines() if line.startswith("event: "))

    def raw_rating(self, user_id: int, movie_id: int) -> float | None:
        """The stars that raw holds now, None when it holds no rating of that person and movie."""
        query = (
            "select toFloat64(rating) from raw.ratings final where user_id = {user:Int64} and movie_id = {movie:Int64}"
        )
        rows = self.clickhouse.query(query, parameters={"user": user_id, "movie": movie_id}).result_rows
        return rows[0][0] if rows else None

    def close(self) -> None:
        for name in ("api", "clickhouse"):
            if client := self.__dict__.pop(name, None):
                client.close()
