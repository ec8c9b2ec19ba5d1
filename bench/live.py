"""How far dashboards are behind raw: the live views of dbt, read while changes arrive."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

from clickhouse_connect.driver.client import Client

from bench.made_up_history import MARTS, RAW, Dbt, databases, fill, scale
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.errors import DataflixError
from dataflix.settings import Settings

_BEATS = 10  # inserts a second: the worker's pace under load
_CHANGES = f"""
    insert into {RAW}.ratings (rating_id, user_id, movie_id, rating, rated_at, _version, _op, _committed_at)
    select
        {{first:UInt64}} + number, rand64(1) % {{people:UInt64}} + 1, rand64(2) % {{movies:UInt64}} + 1, 4, now64(6),
        {{first:UInt64}} + number, 'c', now64(6)
    from numbers({{count:UInt64}})
"""  # noqa: S608
_VIEWS = f"select name from system.tables where database = '{MARTS}' and name like 'live_%' order by name"  # noqa: S608
_RATINGS_IN_RAW = f"select uniqExact(rating_id) from {RAW}.ratings"  # noqa: S608
_RATINGS_SHOWN = f"select ratings from {MARTS}.live_totals"  # noqa: S608


def live(settings: Settings, rows: int, rate: float, seconds: float) -> dict[str, Any]:
    """Read each live view whole, again and again for ``seconds``, while ``rate`` changes a second arrive in raw.

    A view shows what raw holds when its query begins, which is held against raw itself. So its answer is as many
    seconds behind raw as it took: ``behind_raw_s`` is the longest, ``views`` the median of each. Raises DataflixError
    when an answer lacks what raw held before.
    """
    size = scale(rows)
    with (
        clickhouse(settings, ClickHouseUser.ADMIN) as client,
        clickhouse(settings, ClickHouseUser.ADMIN) as writer,
        databases(client),
        TemporaryDirectory() as folder,
        ThreadPoolExecutor(1) as pool,
    ):
        fill(client, size)
        Dbt(settings, client, Path(folder)).run("--select", "staging", "live")
        names = [name for (name,) in client.query(_VIEWS).result_rows]
        stop = Event()
        arriving = pool.submit(_arrive, writer, dict(size), rate, stop)
        try:
            took = _read(client, names, seconds)
        finally:
            stop.set()
        arrived_per_second = arriving.result()
    return {
        "rows": rows,
        "rate": rate,
        "arrived_per_second": round(arrived_per_second, 1),
        "behind_raw_s": round(max(max(times) for times in took.values()), 2),
        "views": {name: round(median(times), 3) for name, times in took.items()},
    }


def _arrive(writer: Client, size: dict[str, int], rate: float, stop: Event) -> float:
    """Insert changes on a beat until it is told to stop; how many a second."""
    count, began, beats = max(1, round(rate / _BEATS)), time.perf_counter(), 0
    while not stop.wait(max(0.0, began + beats / _BEATS - time.perf_counter())):
        writer.command(_CHANGES, {**size, "first": 2 * size["rows"] + beats * count, "count": count})
        beats += 1
    return beats * count / (time.perf_counter() - began)


def _read(client: Client, names: list[str], seconds: float) -> dict[str, list[float]]:
    """Seconds of each reading of each view."""
    took: dict[str, list[float]] = {name: [] for name in names}
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for name, times in took.items():
            began = time.perf_counter()
            # All of its rows and columns: a chart asks for less
            client.command(f"select * from {MARTS}.{name} format Null")  # noqa: S608
            times.append(time.perf_counter() - began)
        held = client.query(_RATINGS_IN_RAW).result_rows[0][0]
        shown = client.query(_RATINGS_SHOWN).result_rows[0][0]
        if shown < held:
            raise DataflixError(f"live_totals shows {shown} ratings after raw held {held}.")
    return took
