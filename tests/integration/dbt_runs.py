"""Raw rows written by hand, and dbt on a real server."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from dbt.artifacts.schemas.freshness import FreshnessResult
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner

from clickhouse.raw_tables import RAW_DATABASE
from dataflix.contracts import load_contracts
from dataflix.settings import PROJECT, Settings

TABLES = [table.name for table in load_contracts(PROJECT / "contracts")]
MARTS = ("users", "movies", "user_movie_matrix", "ratings_aggregated")


def moment(day: int) -> datetime:
    return datetime(2026, 1, day, 12, tzinfo=UTC)


def at(day: int) -> str:
    return moment(day).isoformat()


def truncate(raw: Client) -> None:
    """Empty the raw tables. What dbt has built of them stays: the next build has to start anew."""
    for table in TABLES:
        raw.command(f"truncate table {RAW_DATABASE}.{table}")


def stream(raw: Client, table: str, *rows: dict[str, object]) -> None:
    """Insert rows as the worker does: later ones are newer unless they say otherwise, each a block of its own."""
    for version, row in enumerate(rows, start=1):
        raw.raw_insert(
            f"{RAW_DATABASE}.{table}",
            insert_block=json.dumps({"_version": str(version), "_deleted": 0, **row}),
            fmt="JSONEachRow",
            settings={"date_time_input_format": "best_effort"},
        )


class Dbt:
    """dbt on the project, in this process and one target folder: only the first run loads and parses anything."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._options = {
            "project-dir": PROJECT / "dbt",
            "profiles-dir": PROJECT / "dbt",
            "target-path": folder,
            "log-path": folder,
            "log-level": "none",
        }
        self._environment = {
            "DATAFLIX_DBT_HOST": settings.clickhouse.host,
            "DATAFLIX_DBT_PORT": str(settings.clickhouse.port),
            "DATAFLIX_DBT_USER": "dbt",
            "DATAFLIX_DBT_PASSWORD": settings.clickhouse_dbt_password.get_secret_value(),
        }

    def try_(self, command: str, *arguments: str) -> dict[str, str]:
        """Run dbt, whatever comes of it: how each model and each test ended, by its name."""
        result = self._invoke(command, *arguments)
        assert isinstance(result, RunExecutionResult)
        return {one.node.name: str(one.status) for one in result.results}

    def freshness(self) -> dict[str, str]:
        """`dbt source freshness`: pass, warn or error by table."""
        result = self._invoke("source", "freshness")
        assert isinstance(result, FreshnessResult)
        return {one.node.name: str(one.status) for one in result.results}

    def _invoke(self, *arguments: str) -> object:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._environment.items():
                patch.setenv(name, value)
            options = (f"--{name}={value}" for name, value in self._options.items())
            done = dbtRunner().invoke([*arguments, *options])
        assert done.exception is None, done.exception
        return done.result

    def build(self, *arguments: str) -> dict[str, str]:
        """`dbt build`. Fails unless every model is built and no test has failed; a warning is no failure."""
        return self._must("build", *arguments)

    def run(self, *arguments: str) -> dict[str, str]:
        """`dbt run`: models without their tests."""
        return self._must("run", *arguments)

    def _must(self, *arguments: str) -> dict[str, str]:
        ended = self.try_(*arguments)
        assert ended
        assert {
            name: status for name, status in ended.items() if status not in ("success", "pass", "warn", "no-op")
        } == {}
        return ended


def shown(raw: Client) -> dict[str, list[dict[str, object]]]:
    """What the marts hold."""
    return {
        mart: list(raw.query(f"select * from analytics.{mart} order by all").named_results())  # noqa: S608
        for mart in MARTS
    }
