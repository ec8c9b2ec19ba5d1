"""Made-up ratings in databases of a benchmark's own, which are dropped, and dbt on them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from clickhouse_connect.driver.client import Client

from dataflix.clickhouse_client import ClickHouseUser
from dataflix.errors import DataflixError
from dataflix.settings import PROJECT, Settings

RAW, MARTS = "bench_raw", "bench_analytics"
TABLES = ("users", "movies", "watched_movies", "ratings")
_RATINGS_EACH = 100  # of a person in the history; one viewing in ten ratings, one movie for 500
_OF_EVENT = "_version, _deleted, _op, _commit_lsn, _committed_at, _ingested_at, _topic, _partition, _offset"
# A month of history: what a run looks back on, minutes, is little of it
_OF_HISTORY = (
    "number + 1, 0, 'c', number, past, past + toIntervalSecond(intDiv(number * 2592000, {rows:UInt64})), "
    "'bench', number % 4, number"
)
# Popular movies have most of the ratings
_PLACE = (
    "cityHash64(number, 1) % {people:UInt64} + 1 as user_id, "
    "toInt64(floor(pow((cityHash64(number, 2) % 1000000) / 1e6, 3) * {movies:UInt64})) + 1 as movie_id"
)
_RATING = (
    f"number + 1 as rating_id, {_PLACE}, toDecimal32((cityHash64(number, 3) % 10 + 1) / 2, 1) as rating, "
    "if(number % 3 = 0, null, toBool(number % 2 = 0)) as liked, past + number as rated_at"
)
_STATEMENTS = (
    f"""
    insert into {RAW}.users (user_id, username, email, created_at, updated_at, {_OF_EVENT})
    with now64(6) - interval 31 day as past
    select number + 1, 'bench', 'bench', past, past, {_OF_HISTORY} from numbers({{people:UInt64}})
    """,  # noqa: S608
    f"""
    insert into {RAW}.movies (movie_id, title, created_at, {_OF_EVENT})
    with now64(6) - interval 31 day as past
    select number + 1, 'bench', past, {_OF_HISTORY} from numbers({{movies:UInt64}})
    """,  # noqa: S608
    f"""
    insert into {RAW}.watched_movies (watched_id, user_id, movie_id, watched_at, {_OF_EVENT})
    with now64(6) - interval 31 day as past
    select number + 1, {_PLACE}, past + number, {_OF_HISTORY} from numbers({{rows:UInt64}} / 10)
    """,  # noqa: S608
    f"""
    insert into {RAW}.ratings (rating_id, user_id, movie_id, rating, liked, rated_at, {_OF_EVENT})
    with now64(6) - interval 31 day as past
    select {_RATING}, {_OF_HISTORY} from numbers({{rows:UInt64}})
    """,  # noqa: S608
)
_EVENTS = f"""
    with now64(6, 'UTC') - interval 31 day as past
    select {_RATING}, toString(number + 1) as _version, 0 as _deleted, number as _txid, past as _committed_at
    from numbers({{rows:UInt64}})
"""  # noqa: S608
# As the masked topics carry them: integers as numbers, decimals as texts
_AS_EVENTS = {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_decimals": 1,
    "date_time_output_format": "iso",
}
_COST = f"""
    select
        max(memory_usage) / 1e6,
        sum(ProfileEvents['OSCPUVirtualTimeMicroseconds']) / 1e6
    from system.query_log
    where type = 'QueryFinish' and has(databases, '{MARTS}') and event_time_microseconds >= {{since:DateTime64(6)}}
"""  # noqa: S608


def scale(rows: int) -> Mapping[str, int]:
    """How many ratings, people and movies there are when there are ``rows`` ratings."""
    return {"rows": rows, "people": max(1, rows // _RATINGS_EACH), "movies": max(10, rows // 500)}


def fill(client: Client, size: Mapping[str, int]) -> None:
    """Write the history of that ``scale`` into the raw tables."""
    for statement in _STATEMENTS:
        client.command(statement, dict(size))


@contextmanager
def events_of_ratings(client: Client, size: Mapping[str, int]) -> Iterator[BinaryIO]:
    """The ratings of that history as masked events, one a line. Nothing is written."""
    with client.raw_stream(_EVENTS, dict(size), settings=_AS_EVENTS, fmt="JSONEachRow") as events:
        yield cast("BinaryIO", events)


@contextmanager
def databases(client: Client) -> Iterator[None]:
    """The databases of a benchmark, with empty raw tables like those of the stack.

    Raises DataflixError where the stack has none yet.
    """
    if not client.command("exists table raw.ratings"):
        raise DataflixError("ClickHouse has no raw tables to make those of the benchmark like: run `bin/dataflix up`.")
    _drop(client)  # what a run that was killed left
    try:
        for database in (RAW, MARTS):
            client.command(f"create database {database}")
        for table in TABLES:
            client.command(f"create table {RAW}.{table} as raw.{table}")
        yield
    finally:
        _drop(client)


def _drop(client: Client) -> None:
    for database in (RAW, MARTS):
        client.command(f"drop database if exists {database} sync")


class Dbt:
    """`dbt run` on the databases of the benchmark."""

    def __init__(self, settings: Settings, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._environment = os.environ | {
            "DATAFLIX_DBT_HOST": settings.clickhouse.host,
            "DATAFLIX_DBT_PORT": str(settings.clickhouse.port),
            "DATAFLIX_DBT_USER": str(ClickHouseUser.ADMIN),
            "DATAFLIX_DBT_PASSWORD": settings.clickhouse_admin_password.get_secret_value(),
            "DATAFLIX_DBT_RAW": RAW,
            "DATAFLIX_DBT_SCHEMA": MARTS,
            "DBT_PROJECT_DIR": str(PROJECT / "dbt"),
            "DBT_PROFILES_DIR": str(PROJECT / "dbt"),
            "DBT_TARGET_PATH": str(folder),
            "DBT_LOG_PATH": str(folder),
        }

    def run(self, *arguments: str) -> dict[str, float]:
        """`dbt run`: seconds without its start, and what ClickHouse spent."""
        since = self._client.query("select now64(6)").result_rows[0][0]
        done = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", "--quiet", "run", *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DataflixError(f"dbt did not build the marts of the benchmark:\n{done.stdout}{done.stderr}")
        seconds = json.loads((self._folder / "run_results.json").read_text(encoding="utf-8"))["elapsed_time"]
        self._client.command("system flush logs")
        memory, cpu = self._client.query(_COST, {"since": since}).result_rows[0]
        return {"seconds": round(seconds, 2), "memory_mb": round(memory), "cpu_s": round(cpu, 2)}
