"""Marts that grew batch by batch hold what a full refresh makes of the same raw tables, whatever has happened."""

import random
from collections import defaultdict
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client
from dbt_runs import Dbt, at, shown, truncate
from own_stack import Stack
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.settings import Settings

PEOPLE, MOVIES = 12, 9  # few enough that most changes meet a cell that is there
ERASED = 3
CHANGES = 150
BATCHES = 2
BROKEN_OFF_AT = ("int_user_movie_batches", "int_user_movie_totals")
TABLES_ONLY = ("--select", "config.materialized:table", "config.materialized:incremental")
KEYS = {"users": "user_id", "movies": "movie_id", "ratings": "rating_id", "watched_movies": "watched_id"}
EMPTY = {"users": {"username": "hash", "email": "hash"}, "movies": {"title": "A movie"}}
Row = dict[str, Any]


class History:
    """Random changes of a source, and how a stream brings them: some twice, some late, each table for itself."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._versions = count(1)
        self._ids = count(1)
        self._live: dict[str, dict[int, Row]] = defaultdict(dict)
        self._late: list[tuple[str, Row]] = []

    def batch(self) -> Iterator[tuple[str, Row]]:
        """Rows of raw by table, in the order of their arrival."""
        late, self._late = self._late, []
        for _ in range(CHANGES):
            for table, row in self._change():
                if self._random.random() < 0.15:
                    self._late.append((table, row))
                else:
                    yield table, row
                if self._random.random() < 0.1:
                    yield table, row
        yield from late  # overtaken by the changes of this batch

    def _change(self) -> list[tuple[str, Row]]:
        draw = self._random
        table = draw.choices(list(KEYS), [2, 1, 8, 6])[0]
        live = self._live[table]
        action = draw.choices(["new", "changed", "moved", "deleted"], [5, 4, 1, 3])[0]
        if table in EMPTY:
            key = draw.randint(1, PEOPLE if table == "users" else MOVIES)
            if action == "deleted" and table == "users":
                return self.person_leaves(key)
            return [self._write(table, key, EMPTY[table] | {"created_at": at(1)})]
        if action == "new" or not live:
            return [self._write(table, next(self._ids), self._place(table))]
        key = draw.choice(list(live))
        if action == "deleted":
            return [self._delete(table, key)]
        kept = {} if action == "moved" else {name: live[key][name] for name in ("user_id", "movie_id")}
        return [self._write(table, key, self._place(table) | kept)]

    def person_leaves(self, person: int) -> list[tuple[str, Row]]:
        gone = [
            self._delete(table, key)
            for table in ("ratings", "watched_movies")
            for key, row in list(self._live[table].items())
            if row["user_id"] == person
        ]
        return [*gone, self._delete("users", person)]

    def rating(self) -> tuple[str, Row]:
        """A new one."""
        return self._write("ratings", next(self._ids), self._place("ratings"))

    def _place(self, table: str) -> Row:
        draw = self._random
        # few moments: two events of one cell at the same time are no rarity
        happened_at = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=draw.randint(0, 20))).isoformat()
        place = {"user_id": draw.randint(1, PEOPLE), "movie_id": draw.randint(1, MOVIES)}
        if table == "watched_movies":
            return place | {"watched_at": happened_at}
        stars = f"{draw.randint(1, 10) / 2}"
        return place | {"rating": stars, "liked": draw.choice([True, False, None]), "rated_at": happened_at}

    def _write(self, table: str, key: int, values: Row) -> tuple[str, Row]:
        self._live[table][key] = values
        return table, {KEYS[table]: key, **values, "_version": str(next(self._versions)), "_deleted": 0}

    def _delete(self, table: str, key: int) -> tuple[str, Row]:
        self._live[table].pop(key, None)
        return table, {KEYS[table]: key, "_version": str(next(self._versions)), "_deleted": 1}


def deliver(raw: Client, arrivals: Iterator[tuple[str, Row]]) -> None:
    """Insert in small blocks, as the worker does."""
    blocks: dict[str, list[bytes]] = defaultdict(list)
    for table, row in arrivals:
        blocks[table].append(orjson.dumps(row))
    for table, rows in blocks.items():
        for start in range(0, len(rows), 40):
            raw.raw_insert(
                f"raw.{table}",
                insert_block=b"\n".join(rows[start : start + 40]),
                fmt="JSONEachRow",
                settings={"date_time_input_format": "best_effort"},
            )


def erase(raw: Client, person: int) -> None:
    """What `forget` does in ClickHouse once the deletions have come through."""
    served = ("analytics.user_movie_cells", "analytics.user_movie_totals", "analytics.users")
    for table in ("raw.users", "raw.ratings", "raw.watched_movies", *served):
        alive = "and _deleted = 0" if table.startswith("raw.") else ""
        raw.command(f"alter table {table} delete where user_id = {person} {alive} settings mutations_sync = 2")


@contextmanager
def slow_insert(raw: Client, table: str, row: Row) -> Iterator[None]:
    """An insert that runs all through the block: what is computed there looks back to its begin, and sees nothing."""
    ends = Event()

    def body() -> Generator[bytes, None, None]:
        yield orjson.dumps(row) + b" " * 4_000_000  # more than the server waits for before it begins
        while not ends.wait(timeout=1):
            yield b" "  # a sign of life

    settings = {"date_time_input_format": "best_effort"}
    with ThreadPoolExecutor(1) as pool:
        insert = pool.submit(raw.raw_insert, f"raw.{table}", insert_block=body(), fmt="JSONEachRow", settings=settings)
        try:
            running = "select now64(6) from system.processes where query_kind = 'Insert'"
            began = Retrying(
                stop=stop_after_delay(30), wait=wait_fixed(0.05), retry=retry_if_result(lambda row: not row)
            )(lambda: raw.query(running).result_rows)[0][0]
            yield
            assert raw.query("select max(seen_until) from analytics.user_movie_batches").result_rows[0][0] < began
        finally:
            ends.set()
        insert.result()


SUMS = """
    count(), countIf(rating is not null), toInt64(sum(ifNull(rating, 0)) * 2), countIf(liked), countIf(not liked),
    countIf(watched), toInt64(round(sum(interaction_score) * 100)), max(last_event_at)
"""
COUNTED = f"""
    select 'user', user_id, 0, {SUMS} from analytics.user_movie_matrix group by user_id
    union all
    select 'movie', 0, movie_id, {SUMS} from analytics.user_movie_matrix group by movie_id
"""  # noqa: S608
KEPT = "select * except batch from analytics.user_movie_totals"
MARK = [("user", PEOPLE + MOVIES, 0, 1), ("movie", 0, PEOPLE + MOVIES, 1)]


def rows(raw: Client, query: str) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in raw.query(query).result_rows)


@contextmanager
def marked_totals(raw: Client, *, counted_anew: bool) -> Iterator[None]:
    """Totals of nobody and nothing: they stay where a run adds to the totals, and go where it counts them anew."""
    raw.insert("analytics.user_movie_totals", MARK, column_names=["total_of", "user_id", "movie_id", "cells"])
    yield
    marked = f"greatest(user_id, movie_id) = {PEOPLE + MOVIES}"
    left = raw.query(f"select count() from analytics.user_movie_totals where {marked}").result_rows  # noqa: S608
    assert left == [(0 if counted_anew else 2,)]
    raw.command(f"alter table analytics.user_movie_totals delete where {marked} settings mutations_sync = 2")
    assert rows(raw, KEPT) == rows(raw, COUNTED)


@pytest.fixture
def raw(stack: Stack, clickhouse: Settings) -> Iterator[Client]:
    """Empty raw tables."""
    stack.run("clickhouse", "apply")
    client = open_clickhouse(clickhouse, ClickHouseUser.ADMIN)
    truncate(client)
    yield client
    truncate(client)
    client.close()


def test_batches_add_up_to_a_full_refresh(
    raw: Client, clickhouse: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dbt = Dbt(clickhouse, tmp_path_factory.mktemp("increments"))
    history = History(seed=20260105)
    deliver(raw, history.batch())
    dbt.run("--full-refresh")
    for _ in range(BATCHES):
        with slow_insert(raw, *history.rating()), marked_totals(raw, counted_anew=False):
            deliver(raw, history.batch())
            dbt.run(*TABLES_ONLY)
    for model in BROKEN_OFF_AT:
        deliver(raw, history.batch())
        dbt.run(*TABLES_ONLY, "--exclude", f"{model}+")
        deliver(raw, history.batch())
        with marked_totals(raw, counted_anew=True):
            dbt.run(*TABLES_ONLY)
    with marked_totals(raw, counted_anew=False):
        dbt.run("--select", "int_user_movie_totals")
    deliver(raw, iter(history.person_leaves(ERASED)))
    erase(raw, ERASED)
    with marked_totals(raw, counted_anew=True):
        dbt.run(*TABLES_ONLY)
    grown = shown(raw)
    empty = raw.query("select count() from analytics.user_movie_cells final where last_event_at is null").result_rows[
        0
    ][0]

    dbt.run(*TABLES_ONLY, "--full-refresh")

    assert empty > 0  # cells were lost, and are not shown
    assert len(grown["user_movie_matrix"]) > PEOPLE
    assert grown == shown(raw)
