"""The marts that dbt builds on a real server out of a handful of raw rows."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from own_stack import Stack

from clickhouse.raw_tables import RAW_DATABASE
from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.contracts import load_contracts
from dataflix.recommender import WATCHED_ONLY_SCORE
from dataflix.settings import PROJECT, Settings

TABLES = [table.name for table in load_contracts(PROJECT / "contracts")]
BUILD_LIMIT_S = 180


def moment(day: int) -> datetime:
    return datetime(2026, 1, day, 12, tzinfo=UTC)


def at(day: int) -> str:
    return moment(day).isoformat()


@pytest.fixture
def raw(stack: Stack, clickhouse: Settings) -> Iterator[Client]:
    """Empty raw tables."""
    stack.run("clickhouse", "apply")
    client = open_clickhouse(clickhouse, ClickHouseUser.ADMIN)
    for table in TABLES:
        client.command(f"truncate table {RAW_DATABASE}.{table}")
    yield client
    for table in TABLES:
        client.command(f"truncate table {RAW_DATABASE}.{table}")
    client.close()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt leaves what it compiles; the second build finds the project parsed."""
    return tmp_path_factory.mktemp("dbt")


def stream(raw: Client, table: str, *rows: dict[str, object]) -> None:
    """Insert rows as the worker does: later ones are newer, and each is a block of its own."""
    for version, row in enumerate(rows, start=1):
        raw.raw_insert(
            f"{RAW_DATABASE}.{table}",
            insert_block=json.dumps({"_version": str(version), "_deleted": 0, **row}),
            fmt="JSONEachRow",
            settings={"date_time_input_format": "best_effort"},
        )


def dbt_build(settings: Settings, folder: Path) -> str:
    """Run `dbt build` on the project; what it printed. Fails unless every model is built and no test has failed."""
    folders = {
        "project-dir": PROJECT / "dbt",
        "profiles-dir": PROJECT / "dbt",
        "target-path": folder,
        "log-path": folder,
    }
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            "--no-use-colors",
            "build",
            *(f"--{name}={path}" for name, path in folders.items()),
        ],
        env=os.environ
        | {
            "DATAFLIX_DBT_HOST": settings.clickhouse.host,
            "DATAFLIX_DBT_PORT": str(settings.clickhouse.port),
            "DATAFLIX_DBT_USER": "dbt",
            "DATAFLIX_DBT_PASSWORD": settings.clickhouse_dbt_password.get_secret_value(),
        },
        capture_output=True,
        text=True,
        timeout=BUILD_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "ERROR=0 SKIP=0" in done.stdout
    return done.stdout


def test_empty_raw_tables_make_empty_marts(raw: Client, clickhouse: Settings, target: Path) -> None:
    dbt_build(clickhouse, target)
    for mart in ("users", "movies", "user_movie_matrix", "ratings_aggregated"):
        assert raw.query("select count() from analytics.{mart:Identifier}", {"mart": mart}).result_rows == [(0,)]


def test_marts_hold_the_newest_rows_scored_and_counted(raw: Client, clickhouse: Settings, target: Path) -> None:
    ada, bob = ({"email": "hash", "username": "hash", "created_at": at(1), "updated_at": at(1)} for _ in range(2))
    stream(
        raw,
        "users",
        {"user_id": 1, **ada, "city": "Paris", "age": 36},
        {"user_id": 1, **ada, "city": "London", "age": 36},
        {"user_id": 2, **bob},
        {"user_id": 3, **bob},
        {"user_id": 3, "_deleted": 1},
    )
    stream(
        raw,
        "movies",
        {"movie_id": 10, "title": "Alien", "genre": "Horror|Sci-Fi", "imdb_rating": "8.5", "created_at": at(1)},
        {"movie_id": 11, "title": "Heat", "created_at": at(1)},
        {"movie_id": 12, "title": "Gone", "created_at": at(1)},
        {"movie_id": 12, "_deleted": 1},
    )
    stream(
        raw,
        "ratings",
        {"rating_id": 1, "user_id": 1, "movie_id": 10, "rating": "2.0", "liked": False, "rated_at": at(2)},
        {"rating_id": 1, "user_id": 1, "movie_id": 10, "rating": "4.5", "liked": True, "rated_at": at(4)},
        {"rating_id": 2, "user_id": 2, "movie_id": 10, "rating": "3.5", "liked": None, "rated_at": at(3)},
        {"rating_id": 3, "user_id": 2, "movie_id": 11, "rating": "5.0", "liked": True, "rated_at": at(3)},
        {"rating_id": 3, "_deleted": 1},
        # its person is gone: the deletion of the rating is still on its way
        {"rating_id": 4, "user_id": 3, "movie_id": 11, "rating": "1.0", "liked": False, "rated_at": at(5)},
    )
    stream(
        raw,
        "watched_movies",
        {"watched_id": 1, "user_id": 1, "movie_id": 10, "watched_at": at(3)},
        {"watched_id": 2, "user_id": 1, "movie_id": 11, "watched_at": at(6)},
        {"watched_id": 3, "user_id": 2, "movie_id": 11, "watched_at": at(6)},
        {"watched_id": 3, "_deleted": 1},
    )

    printed = dbt_build(clickhouse, target)

    assert "WARN=1" in printed  # the rating without a person
    assert raw.query("select * from analytics.user_movie_matrix order by user_id, movie_id").result_rows == [
        (1, 10, Decimal("4.5"), True, True, 3.45, moment(4), moment(3), moment(4)),
        (1, 11, None, None, True, WATCHED_ONLY_SCORE, None, moment(6), moment(6)),
        (2, 10, Decimal("3.5"), None, False, 2.45, moment(3), None, moment(3)),
        (3, 11, Decimal("1.0"), False, False, 0.7, moment(5), None, moment(5)),
    ]
    assert raw.query(
        "select user_id, city, age, ratings, mean_rating, likes, watched, last_event_at "
        "from analytics.users order by all"
    ).result_rows == [
        (1, "London", 36, 1, 4.5, 1, 2, moment(6)),
        (2, None, None, 1, 3.5, 0, 0, moment(3)),
    ]
    assert raw.query("select movie_id, title, genres, imdb_rating from analytics.movies order by all").result_rows == [
        (10, "Alien", ["Horror", "Sci-Fi"], Decimal("8.5")),
        (11, "Heat", [], None),
    ]
    assert raw.query(
        "select movie_id, users, ratings, mean_rating, likes, dislikes, watched, last_event_at "
        "from analytics.ratings_aggregated order by all"
    ).result_rows == [
        (10, 2, 2, 4.0, 1, 0, 1, moment(4)),
        (11, 2, 1, 1.0, 0, 1, 1, moment(6)),
    ]
