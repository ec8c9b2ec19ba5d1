"""A steady load of small transactions on rows of its own, with a journal of what PostgreSQL acknowledged."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from bench.chaos.journal import Change, Journal, Row
from bench.chaos.places import RATINGS, USERS, WATCHED, Marked
from dataflix.errors import DataflixError
from dataflix.settings import Settings

_PAUSE = 0.2  # seconds between tries to reach a database that is away
_CITY_SHARE, _WATCHED_SHARE, _UPDATE_SHARE = 0.1, 0.3, 0.6

Connection = psycopg.Connection[tuple[Any, ...]]


class _Step(NamedTuple):
    """One statement of a transaction. ``key`` is None for an insert, ``marker`` for a delete."""

    table: Marked
    pair: tuple[int, int]  # user and movie
    key: int | None
    marker: int | None
    statement: sql.Composed
    values: Sequence[Any]


class Writer:
    """Commits changes of the rows of ``users``, which nobody else touches, on a beat, until it is told to stop."""

    def __init__(
        self, settings: Settings, users: Sequence[int], movies: Sequence[int], rate: float, markers: Iterator[int]
    ) -> None:
        """``rate``: changes a second. ``markers``: rising numbers, shared with other writers."""
        self.journal = Journal()
        self.failure: BaseException | None = None
        self._conninfo = settings.postgres_conninfo("dataflix_api", settings.postgres_api_password)
        self._pairs = [(user, movie) for user in users for movie in movies]
        self._rate = rate
        self._markers = markers
        self._random = random.Random(users[0])  # noqa: S311 - which row comes next
        self._rows: dict[tuple[str, tuple[int, int]], int] = {}  # keys of the rows that are there
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return when the last transaction is settled. Raises what ended the writer early."""
        self._stop.set()
        self._thread.join()
        if self.failure:
            raise self.failure

    def _run(self) -> None:
        try:
            self._write()
        except BaseException as error:  # raised again by `stop`
            self.failure = error

    def _write(self) -> None:
        connection = self._connected()
        due = time.monotonic()
        while not self._stop.is_set():
            steps = self._next_transaction()
            # After an outage the beat goes on from now: what was not committed meanwhile is not caught up with
            due = max(due + len(steps) / self._rate, time.monotonic() - 1)
            try:
                with connection.transaction():
                    keys = [_executed(connection, step) for step in steps]
            except psycopg.OperationalError:
                with suppress(psycopg.Error):
                    connection.close()
                connection = self._connected()
                self._settle(connection, steps)
                due = time.monotonic()
            else:
                self._note(steps, keys)
            self._stop.wait(max(0.0, due - time.monotonic()))
        connection.close()

    def _connected(self) -> Connection:
        while True:
            try:
                return psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5)
            except psycopg.OperationalError:
                time.sleep(_PAUSE)

    def _next_transaction(self) -> list[_Step]:
        user, movie = self._random.choice(self._pairs)
        if self._random.random() < _CITY_SHARE:
            return [_update(USERS, (user, movie), user, next(self._markers))]
        pair = (user, movie)
        key = self._rows.get((RATINGS.name, pair))
        if key is None:
            steps = [_insert(RATINGS, pair, {"rating": 4}, next(self._markers))]
            if self._random.random() < _WATCHED_SHARE:
                steps.append(_insert(WATCHED, pair, {}, next(self._markers)))
            return steps
        if self._random.random() < _UPDATE_SHARE:
            return [_update(RATINGS, pair, key, next(self._markers))]
        watched = self._rows.get((WATCHED.name, pair))
        return [_delete(RATINGS, pair, key)] + ([] if watched is None else [_delete(WATCHED, pair, watched)])

    def _note(self, steps: Sequence[_Step], keys: Sequence[int]) -> None:
        for step, key in zip(steps, keys, strict=True):
            self.journal.committed(Change(Row(step.table.name, key), step.marker))
            if step.key is None:
                self._rows[step.table.name, step.pair] = key
            elif step.marker is None:
                del self._rows[step.table.name, step.pair]

    def _settle(self, connection: Connection, steps: Sequence[_Step]) -> None:
        """Find out whether a transaction whose answer was lost was committed. The rows are this writer's alone."""
        self.journal.unknown += len(steps)
        keys = [_found(connection, step) for step in steps]
        if None not in keys:
            self._note(steps, [key for key in keys if key is not None])


def _insert(table: Marked, pair: tuple[int, int], row: dict[str, Any], marker: int) -> _Step:
    values = {"user_id": pair[0], "movie_id": pair[1], **row, table.column: table.write(marker)}
    statement = sql.SQL("insert into {table} ({columns}) values ({values}) returning {key}").format(
        table=sql.Identifier(table.name),
        columns=sql.SQL(", ").join(map(sql.Identifier, values)),
        values=sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        key=sql.Identifier(table.key),
    )
    return _Step(table, pair, None, marker, statement, list(values.values()))


def _update(table: Marked, pair: tuple[int, int], key: int, marker: int) -> _Step:
    statement = sql.SQL("update {table} set {column} = %s where {key} = %s returning {key}").format(
        table=sql.Identifier(table.name), column=sql.Identifier(table.column), key=sql.Identifier(table.key)
    )
    return _Step(table, pair, key, marker, statement, [table.write(marker), key])


def _delete(table: Marked, pair: tuple[int, int], key: int) -> _Step:
    statement = sql.SQL("delete from {table} where {key} = %s returning {key}").format(
        table=sql.Identifier(table.name), key=sql.Identifier(table.key)
    )
    return _Step(table, pair, key, None, statement, [key])


def _executed(connection: Connection, step: _Step) -> int:
    """The key of the row."""
    row = connection.execute(step.statement, step.values).fetchone()
    if row is None:
        raise DataflixError(f"PostgreSQL lost the row {step.key} of {step.table.name} that it had acknowledged.")
    return int(row[0])


def _found(connection: Connection, step: _Step) -> int | None:
    """The key of the row, where the step was committed."""
    names = {
        "table": sql.Identifier(step.table.name),
        "key": sql.Identifier(step.table.key),
        "column": sql.Identifier(step.table.column),
    }
    if step.marker is None:
        there = sql.SQL("select 1 from {table} where {key} = %s").format(**names)
        return step.key if connection.execute(there, [step.key]).fetchone() is None else None
    marked = sql.SQL("select {key} from {table} where {column} = %s").format(**names)
    if step.key is not None:
        marked += sql.SQL(" and {key} = %s").format(**names)
    else:
        marked += sql.SQL(" and user_id = %s and movie_id = %s")
    which = step.pair if step.key is None else (step.key,)
    row = connection.execute(marked, [step.table.write(step.marker), *which]).fetchone()
    return None if row is None else int(row[0])
