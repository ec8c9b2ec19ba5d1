"""A full build of the marts against a run that adds changes, on made-up ratings in databases that are dropped."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clickhouse_connect.driver.client import Client

from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.errors import DataflixError
from dataflix.settings import PROJECT, Settings

RAW, MARTS = "bench_raw", "bench_analytics"
TABLES = ("users", "movies", "watched_movies", "ratings")
_RATINGS_EACH = 100  # of a person in the history; one viewing in ten ratings, one movie for 500
_CHANGES_EACH = 20  # of a person who is at it when the changes are made
_OF_EVENT = "_version, _deleted, _op, _commit_lsn, _committed_at, _ingested_at, _topic, _partition, _offset"
# A month of history: what a run looks back on, minutes, is little of it
_OF_HISTORY = (
    "number + 1, 0, 'c', number, past, past + toIntervalSecond(intDiv(number * 2592000, {rows:UInt64})), "
    "'bench', number % 4, number"
)
# Popular movies have most of the ratings
_PLACE = (
    "cityHash64(number, 1) % {people:UInt64} + 1, "
    "toInt64(floor(pow((cityHash64(number, 2) % 1000000) / 1e6, 3) * {movies:UInt64})) + 1"
)
_HISTORY = (
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
    select
        number + 1, {_PLACE}, (cityHash64(number, 3) % 10 + 1) / 2, if(number % 3 = 0, null, number % 2 = 0),
        past + number, {_OF_HISTORY}
    from numbers({{rows:UInt64}})
    """,  # noqa: S608
)
_ACTIVE = "cityHash64(number % {active:UInt64}, 4) % {people:UInt64} + 1"
# Six in ten are new ratings, three are changed ones, one is taken back; all of them by the people who are at it
_CHANGES = (
    f"""
    insert into {RAW}.ratings (rating_id, user_id, movie_id, rating, rated_at, _version, _op, _committed_at)
    select
        {{rows:UInt64}} + number + 1, {_ACTIVE}, cityHash64(number, 5) % {{movies:UInt64}} + 1, 4, now64(6),
        {{rows:UInt64}} + number, 'c', now64(6)
    from numbers({{changes:UInt64}} * 6 / 10)
    """,  # noqa: S608
    f"""
    insert into {RAW}.ratings (rating_id, user_id, movie_id, rating, rated_at, _version, _deleted, _op, _committed_at)
    with rowNumberInAllBlocks() % 4 = 0 as gone
    select
        rating_id, if(gone, 0, user_id), if(gone, 0, movie_id), if(gone, 0, 2), now64(6),
        {{rows:UInt64}} * 2, gone, if(gone, 'd', 'u'), now64(6)
    from {RAW}.ratings
    where rating_id <= {{rows:UInt64}} and user_id in (select {_ACTIVE} from numbers({{active:UInt64}}))
    order by cityHash64(rating_id, 6)
    limit {{changed:UInt64}}
    """,  # noqa: S608
)
_COST = f"""
    select
        max(memory_usage) / 1e6,
        sum(ProfileEvents['OSCPUVirtualTimeMicroseconds']) / 1e6
    from system.query_log
    where type = 'QueryFinish' and has(databases, '{MARTS}') and event_time_microseconds >= {{since:DateTime64(6)}}
"""  # noqa: S608


def marts(settings: Settings, rows: int, changes: int) -> dict[str, Any]:
    """Seconds that dbt takes for the same tables both times, the memory of the hungriest query, and ClickHouse's part.

    ``ratio`` compares the run times, ``clickhouse_ratio`` the processor time of the queries, which a busy machine does
    not stretch. Raises DataflixError when dbt fails.
    """
    people = max(1, rows // _RATINGS_EACH)
    scale = {
        "rows": rows,
        "people": people,
        "movies": max(10, rows // 500),
        "changes": changes,
        "changed": changes * 4 // 10,
        "active": max(1, min(people, changes // _CHANGES_EACH)),
    }
    with clickhouse(settings, ClickHouseUser.ADMIN) as client, _databases(client), TemporaryDirectory() as folder:
        dbt = _Dbt(settings, client, Path(folder))
        dbt.run()  # the views, and tables without rows
        for statement in _HISTORY:
            client.command(statement, scale)
        full = dbt.run("--full-refresh", "--select", "config.materialized:table", "config.materialized:incremental")
        for statement in _CHANGES:
            client.command(statement, scale)
        added = dbt.run("--select", "config.materialized:table", "config.materialized:incremental")
    return {
        "rows": rows,
        "changes": changes,
        "full_s": full["seconds"],
        "incremental_s": added["seconds"],
        "ratio": round(full["seconds"] / added["seconds"], 1),
        "peak_memory_mb": max(full["memory_mb"], added["memory_mb"]),
        "full_clickhouse_cpu_s": full["cpu_s"],
        "incremental_clickhouse_cpu_s": added["cpu_s"],
        "clickhouse_ratio": round(full["cpu_s"] / added["cpu_s"], 1),
    }


@contextmanager
def _databases(client: Client) -> Iterator[None]:
    """The databases of a benchmark, with empty raw tables like those of the stack."""
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


class _Dbt:
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
