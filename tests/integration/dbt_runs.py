"""Raw rows written by hand, and dbt on a real server."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from clickhouse_connect.driver.client import Client

from clickhouse.raw_tables import RAW_DATABASE
from dataflix.contracts import load_contracts
from dataflix.settings import PROJECT, Settings

TABLES = [table.name for table in load_contracts(PROJECT / "contracts")]
MARTS = ("users", "movies", "user_movie_matrix", "ratings_aggregated")
BUILD_LIMIT_S = 240


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
    """dbt on the project, in one target folder: the second run finds the project parsed."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._folder = folder
        self._environment = os.environ | {
            "DATAFLIX_DBT_HOST": settings.clickhouse.host,
            "DATAFLIX_DBT_PORT": str(settings.clickhouse.port),
            "DATAFLIX_DBT_USER": "dbt",
            "DATAFLIX_DBT_PASSWORD": settings.clickhouse_dbt_password.get_secret_value(),
        }

    def try_(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt, whatever comes of it."""
        folders = {
            "project-dir": PROJECT / "dbt",
            "profiles-dir": PROJECT / "dbt",
            "target-path": self._folder,
            "log-path": self._folder,
        }
        return subprocess.run(
            [
                str(Path(sys.executable).with_name("dbt")),
                "--no-use-colors",
                command,
                *arguments,
                *(f"--{name}={path}" for name, path in folders.items()),
            ],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=BUILD_LIMIT_S,
            check=False,
        )

    def build(self, *arguments: str) -> str:
        """`dbt build`; what it printed. Fails unless every model is built and no test has failed."""
        return self._must("build", *arguments)

    def run(self, *arguments: str) -> str:
        """`dbt run`: models without their tests."""
        return self._must("run", *arguments)

    def _must(self, *arguments: str) -> str:
        done = self.try_(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "ERROR=0 SKIP=0" in done.stdout
        return done.stdout


def shown(raw: Client) -> dict[str, list[dict[str, object]]]:
    """What the marts hold, without the number of the batch."""
    return {
        mart: [
            {name: value for name, value in row.items() if name != "batch"}
            for row in raw.query(f"select * from analytics.{mart} order by all").named_results()  # noqa: S608
        ]
        for mart in MARTS
    }
