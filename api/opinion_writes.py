"""How ratings and viewings are written: one statement for any number of them, each with its own commit token."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg.types.numeric import Int8

from api.commit_tokens import CommitToken, WrittenTable
from api.connection_pool import Connection
from api.groups import AT_ONCE, Groups, NotTogether
from api.resources.opinions import NewRating, NewWatched, Rating, Watched
from api.store import Put, UnknownReference

GROUPS_AT_ONCE = 2 * AT_ONCE  # of ratings and of viewings
LOCK_TIMEOUT = 200  # milliseconds that a group waits for somebody else's lock, and then each of it by itself

# Goes on after the columns of `returning`: the transaction, a position behind the row, which is written by then, and
# the epoch that the stream is in at that moment, which is one for all rows of a statement.
COMMIT = """,
    pg_current_xact_id()::text::bigint as commit_txid,
    (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint as commit_position,
    (select dataflix.present_epoch()) as commit_epoch
"""

# A row that an insert made has no xmax; one that the conflict clause updated carries our own lock in it.
_RATE = f"""
    insert into ratings (user_id, movie_id, rating, liked)
    select * from unnest(%s::bigint[], %s::bigint[], %s::numeric[], %s::boolean[]) order by 1, 2
    on conflict (user_id, movie_id)
        do update set rating = excluded.rating, liked = excluded.liked, rated_at = now()
    returning rating_id, user_id, movie_id, rating, liked, rated_at, xmax = 0 as created {COMMIT}
"""  # noqa: S608 made of constants
_MARK_WATCHED = f"""
    with given (user_id, movie_id, watched_at) as materialized (
        select * from unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])
    )
    insert into watched_movies as old (user_id, movie_id, watched_at)
    select user_id, movie_id, coalesce(watched_at, now()) from given order by 1, 2
    on conflict (user_id, movie_id) do update set watched_at = coalesce(
        (select given.watched_at from given where given.user_id = old.user_id and given.movie_id = old.movie_id),
        old.watched_at
    )
    returning watched_id, user_id, movie_id, watched_at, xmax = 0 as created {COMMIT}
"""  # noqa: S608

# What one of several may fail by, and the others then with it: who waits too long for somebody else's lock gives up.
_OF_ONE = (
    psycopg.errors.IntegrityError,
    psycopg.errors.DataError,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.QueryCanceled,
)
Opinion = TypeVar("Opinion", NewRating, NewWatched)
Written = TypeVar("Written", Rating, Watched)
Values = list[Any]


class Connections(Protocol):
    """Where a statement gets its connection: a pool, or the one connection of a transaction."""

    def connection(self) -> AbstractAsyncContextManager[Connection]: ...


class OpinionWriter(Protocol):
    """Writes an opinion; it is durable when the call returns. Raises UnknownReference, SourceUnavailable."""

    async def rate(self, rating: NewRating) -> Put[Rating]: ...

    async def mark_watched(self, watched: NewWatched) -> Put[Watched]: ...


class Alone:
    """Each by itself."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def rate(self, rating: NewRating) -> Put[Rating]:
        async with self._connections.connection() as connection:
            [put] = await _rate(connection, [rating])
        return put

    async def mark_watched(self, watched: NewWatched) -> Put[Watched]:
        async with self._connections.connection() as connection:
            [put] = await _mark_watched(connection, [watched])
        return put


class Together:
    """Those that come at the same time in one transaction, at most one of each person.

    ``impatient`` connections give up soon when somebody else has locked a row: the others should not wait with it.
    """

    def __init__(self, alone: Alone, impatient: Connections) -> None:
        self._impatient = impatient
        self._ratings = Groups(partial(self._put, _rate), alone.rate, _person)
        self._viewings = Groups(partial(self._put, _mark_watched), alone.mark_watched, _person)

    async def rate(self, rating: NewRating) -> Put[Rating]:
        return await self._ratings.do(rating)

    async def mark_watched(self, watched: NewWatched) -> Put[Watched]:
        return await self._viewings.do(watched)

    async def _put(
        self,
        put: Callable[[Connection, Sequence[Opinion]], Awaitable[list[Put[Written]]]],
        opinions: Sequence[Opinion],
    ) -> list[Put[Written]]:
        async with self._impatient.connection() as connection:
            try:
                return await put(connection, opinions)
            except _OF_ONE:
                raise NotTogether from None
            except UnknownReference:
                if len(opinions) == 1:
                    raise
                raise NotTogether from None


def token(table: WrittenTable, row_id: int, row: dict[str, Any]) -> CommitToken:
    """Of a row that a statement with ``COMMIT`` returned."""
    return CommitToken.of(table, row_id, row["commit_txid"], row["commit_position"], row["commit_epoch"])


async def _rate(connection: Connection, ratings: Sequence[NewRating]) -> list[Put[Rating]]:
    values: list[Values] = [[one.rating for one in ratings], [one.liked for one in ratings]]
    return [
        Put(Rating.model_validate(row), row["created"], token("ratings", row["rating_id"], row))
        for row in await _put(connection, _RATE, ratings, values)
    ]


async def _mark_watched(connection: Connection, viewings: Sequence[NewWatched]) -> list[Put[Watched]]:
    values: list[Values] = [[one.watched_at for one in viewings]]
    return [
        Put(Watched.model_validate(row), row["created"], token("watched_movies", row["watched_id"], row))
        for row in await _put(connection, _MARK_WATCHED, viewings, values)
    ]


async def _put(
    connection: Connection, statement: str, opinions: Sequence[NewRating | NewWatched], values: Sequence[Values]
) -> list[dict[str, Any]]:
    """The rows as they were written, in the order of the opinions."""
    keys: list[Values] = [[Int8(one.user_id) for one in opinions], [Int8(one.movie_id) for one in opinions]]
    try:
        rows = await (await connection.execute(statement, [*keys, *values])).fetchall()
    except psycopg.errors.ForeignKeyViolation as error:
        constraint = error.diag.constraint_name or ""
        raise UnknownReference("user" if constraint.endswith("_user_id_fkey") else "movie") from None
    by_key = {(row["user_id"], row["movie_id"]): row for row in rows}
    return [by_key[one.user_id, one.movie_id] for one in opinions]


def _person(opinion: NewRating | NewWatched) -> int:
    return opinion.user_id
