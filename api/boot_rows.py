"""The histories as ClickHouse holds them: some hundred thousand rows at a time, in the bytes of their columns.

Each answer is complete before it is read (`wait_end_of_query`), so that an error in its middle is an error and not a
history that lacks something. ``FINAL`` shows the newest version of a row, and hides rows that were deleted; these are
asked for beside it, because their versions keep a late event from bringing them back.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Final

import numpy as np
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from api.boot import GivenUp, Histories, Wait
from api.changes import CatalogueMovie
from api.opinion_rows import BLOCK, HUNDREDTHS, NO_STARS, NO_TRANSACTION, TENTHS, Block, OpinionRows
from api.replica import NewestRows, Replica
from dataflix.clickhouse_client import ClickHouseUser, clickhouse, refusal
from dataflix.errors import SourceUnavailable
from dataflix.recommender import interaction_score
from dataflix.settings import Settings

AT_ONCE = 200_000  # rows; 12 MB, here and in the server
MOST_TENTHS = 50  # of a star
_WHOLE: Final = {"wait_end_of_query": 1}

# A row as it stands, and how its columns lie in RowBinary
_WRITTEN = [("row", "<i8"), ("version", "V16"), ("txid", "<i8")]
_SAID = np.dtype([*_WRITTEN, ("user", "<i8"), ("movie", "<i8"), ("at", "<i8"), ("tenths", "i1"), ("liked", "i1")])
_KEY_ONLY = np.dtype(_WRITTEN)
_KEYS: Final = {"users": "user_id", "movies": "movie_id", "ratings": "rating_id", "watched_movies": "watched_id"}
_TELLING: Final = {
    "users": "",
    "ratings": (
        ", user_id, movie_id, toUnixTimestamp64Micro(rated_at), toInt8(rating * 10), toInt8(ifNull(liked, false))"
    ),
    "watched_movies": ", user_id, movie_id, toUnixTimestamp64Micro(watched_at), toInt8(0), toInt8(0)",
}
_TXID = f"ifNull(toInt64(_txid), {NO_TRANSACTION})"

_SCORES = np.array(
    [[round(interaction_score(t / TENTHS, liked) * HUNDREDTHS) for liked in (False, True)] for t in range(51)],
    dtype=np.uint16,
)
_SCORE_OF_WATCHED = round(interaction_score(None) * HUNDREDTHS)


class ClickHouseHistories:
    """Reads ``raw`` as the user `api`, who sees nothing else."""

    def __init__(self, settings: Settings, at_once: int = AT_ONCE) -> None:
        """``at_once`` is about how many rows one answer holds."""
        self._settings = settings
        self._at_once = at_once

    def reachable(self) -> None:
        """Open a client and close it. Raises SourceUnavailable, SettingsError."""
        with clickhouse(self._settings, ClickHouseUser.API):
            pass

    def read(self, wait: Wait) -> Histories:
        """All four tables. Raises SourceUnavailable, SettingsError, GivenUp."""
        histories = Histories()
        with self._asking() as client:
            _read_movies(client, histories)
            _read_users(self._answers(client, histories, "users", wait), histories.replica.users)
            for table, rows in _opinions(histories.replica).items():
                removed: list[Block] = []
                answers = self._answers(client, histories, table, wait)
                rows.fill(_blocks(answers, histories, removed, rated=table == "ratings"))
                for gone in removed:
                    _remove(rows, gone)
        histories.replica.count_all()
        return histories

    @contextmanager
    def _asking(self) -> Iterator[Client]:
        with clickhouse(self._settings, ClickHouseUser.API) as client:
            try:
                yield client
            except DatabaseError as error:
                raise refusal(self._settings, ClickHouseUser.API, error) from None
            except (OSError, ValueError):
                # The text of such an error may quote what was answered
                raise SourceUnavailable(
                    f"ClickHouse at {self._settings.clickhouse} did not answer to the end: see its log, "
                    "`bin/dataflix logs clickhouse`."
                ) from None

    def _answers(self, client: Client, histories: Histories, table: str, wait: Wait) -> Iterator[tuple[bytes, bytes]]:
        """Rows that exist, and those that were deleted, a part of the table at a time."""
        key = _KEYS[table]
        histories.rows[table] = _note(client, histories, table)
        written = f"{key}, _version, {_TXID}"
        for part in parts(key, _edges(client, table, histories.rows[table], self._at_once)):
            if wait(0):
                raise GivenUp("The API stops.")
            yield (
                client.raw_query(
                    f"SELECT {written}{_TELLING[table]} FROM raw.{table} FINAL WHERE {part}",  # noqa: S608
                    settings=_WHOLE,
                    fmt="RowBinary",
                ),
                client.raw_query(
                    f"SELECT {key}, max(_version), argMax({_TXID}, _version) FROM raw.{table} "  # noqa: S608
                    f"WHERE _deleted = 1 AND {part} GROUP BY {key}",
                    settings=_WHOLE,
                    fmt="RowBinary",
                ),
            )


def _note(client: Client, histories: Histories, table: str) -> int:
    """How many rows there are, of every version; their newest commit is noted."""
    [(count, newest)] = client.query(f"SELECT count(), max(_committed_at) FROM raw.{table}").result_rows  # noqa: S608
    if count and (histories.newest_commit is None or newest > histories.newest_commit):
        histories.newest_commit = newest
    return int(count)


def _edges(client: Client, table: str, count: int, at_once: int) -> list[int]:
    """Keys that part a table into pieces of about ``at_once`` rows."""
    number = -(-count // at_once)
    if number <= 1:
        return []
    levels = ", ".join(f"{place / number:.6f}" for place in range(1, number))
    [(edges,)] = client.query(f"SELECT quantiles({levels})({_KEYS[table]}) FROM raw.{table}").result_rows  # noqa: S608
    return [int(edge) for edge in edges]


def parts(key: str, edges: Iterable[int]) -> list[str]:
    """Conditions, one of which holds for each possible value of ``key``; they change over at ``edges``."""
    inner = sorted(set(edges))
    if not inner:
        return ["1"]
    between = [f"{key} > {low} AND {key} <= {high}" for low, high in pairwise(inner)]
    return [f"{key} <= {inner[0]}", *between, f"{key} > {inner[-1]}"]


def _opinions(replica: Replica) -> Mapping[str, OpinionRows]:
    return {"ratings": replica.ratings, "watched_movies": replica.watched}


def _read_movies(client: Client, histories: Histories) -> None:
    histories.rows["movies"] = _note(client, histories, "movies")
    # Few, and their titles are Python's anyway
    query = (
        "SELECT movie_id, max(_version), argMax(tuple(_deleted, title, release_year, genre), _version) "
        "FROM raw.movies GROUP BY movie_id"
    )
    for movie_id, version, (deleted, title, year, genre) in client.query(query).result_rows:
        histories.replica.movies.put(movie_id, version, None if deleted else CatalogueMovie(title, year, genre))


def _read_users(answers: Iterator[tuple[bytes, bytes]], users: NewestRows[bool]) -> None:
    for answer in answers:
        for row, there in zip(answer, (True, None), strict=True):
            for user_id, version, txid in _written(np.frombuffer(row, _KEY_ONLY)):
                if users.is_news(user_id, version):
                    users.put(user_id, version, there, txid)


def _blocks(
    answers: Iterator[tuple[bytes, bytes]], histories: Histories, removed: list[Block], *, rated: bool
) -> Iterator[Block]:
    """The rows that exist. What says what no event may say is counted, and rows that were deleted are ``removed``."""
    for alive, gone in answers:
        removed.append(np.frombuffer(gone, _KEY_ONLY))
        said = np.frombuffer(alive, _SAID)
        good = said[(said["tenths"] >= 0) & (said["tenths"] <= MOST_TENTHS)]
        histories.rejected += int(said.size - good.size)
        block = np.empty(good.size, BLOCK)
        for name in ("row", "version", "txid", "user", "movie", "at"):
            block[name] = good[name]
        block["score"] = _SCORES[good["tenths"], good["liked"]] if rated else _SCORE_OF_WATCHED
        block["stars"] = good["tenths"] if rated else NO_STARS
        yield block


def _remove(rows: OpinionRows, gone: Block) -> None:
    for key, version, txid in _written(gone):
        if rows.is_news(key, version):
            rows.put(key, version, None, txid)


def _written(rows: Block) -> Iterator[tuple[int, int, int | None]]:
    for key, version, txid in rows.tolist():
        yield key, int.from_bytes(version, "little"), None if txid == NO_TRANSACTION else txid
