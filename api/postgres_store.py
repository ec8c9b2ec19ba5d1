"""The store on PostgreSQL, as the role ``dataflix_api``. Every call is one statement, and so one transaction."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg import sql
from psycopg.abc import Params
from pydantic import BaseModel

from api.attempts import PostgresAttempt, attempting
from api.commit_tokens import CommitToken, WrittenTable
from api.connection_pool import Connection
from api.resources.forms import PageQuery
from api.resources.movies import Movie, MoviesQuery
from api.resources.opinions import NewRating, NewWatched, Rating, Watched
from api.resources.people import Erasure, NewUser, Person, User, UserUpdate
from api.store import Put, Taken, UnknownReference
from dataflix.masking import mask_name

Model = TypeVar("Model", bound=BaseModel)

# Goes on after the columns of `returning`: the transaction, a position behind the row, which is written by then, and
# the epoch that the stream is in at that moment.
_COMMIT = """,
    pg_current_xact_id()::text::bigint as commit_txid,
    (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint as commit_position,
    dataflix.present_epoch() as commit_epoch
"""
_TAKEN = {"users_username_key": "username", "users_email_key": "email"}  # by constraint


ANSWER_HOURS = 24  # that the answer to a write with an idempotency key is kept


class Connections(Protocol):
    """Where a statement gets its connection: a pool, or the one connection of a transaction."""

    def connection(self) -> AbstractAsyncContextManager[Connection]: ...


class _Only:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self._connection


class PostgresStore:
    """Rows of the source database."""

    def __init__(self, connections: Connections, answer_hours: int = ANSWER_HOURS) -> None:
        self._connections = connections
        self._answer_hours = answer_hours

    async def add_user(self, user: NewUser) -> Put[User]:
        statement = """
            insert into users (username, email, first_name, last_name, city, state, country, age)
            values (%(username)s, %(email)s, %(first_name)s, %(last_name)s, %(city)s, %(state)s, %(country)s, %(age)s)
            returning user_id, first_name, last_name, city, state, country
        """
        [row] = await self._unique(statement + _COMMIT, user.model_dump())
        return Put(_shown(row), created=True, token=_token("users", row["user_id"], row))

    async def change_user(self, user_id: int, update: UserUpdate) -> Put[User] | None:
        changes = update.model_dump(exclude_unset=True)
        statement = sql.SQL("""
            update users set {changes}, updated_at = now() where user_id = %(user_id)s
            returning user_id, first_name, last_name, city, state, country
        """).format(
            changes=sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in changes
            )
        )
        rows = await self._unique(statement + sql.SQL(_COMMIT), changes | {"user_id": user_id})
        return Put(_shown(rows[0]), created=False, token=_token("users", user_id, rows[0])) if rows else None

    async def erase_user(self, user_id: int) -> Erasure | None:
        statement = "select user_id, requested_at, attempts, erased_at from dataflix.erase_person(%s)"
        rows = await self._rows(statement, [user_id])
        return _erasure(rows[0]) if rows else None

    async def erasure(self, user_id: int) -> Erasure | None:
        statement = "select user_id, requested_at, attempts, erased_at from dataflix.erasures where user_id = %s"
        rows = await self._rows(statement, [user_id])
        return _erasure(rows[0]) if rows else None

    async def any_erasure_waits(self) -> bool:
        [row] = await self._rows("select exists (select from dataflix.erasures where erased_at is null) as waits", [])
        return bool(row["waits"])

    async def users(self, page: PageQuery) -> list[User]:
        statement = """
            select user_id, first_name, last_name, city, state, country
            from users where user_id > %(after)s order by user_id limit %(limit)s
        """
        return [_shown(row) for row in await self._rows(statement, page.model_dump())]

    async def user(self, user_id: int) -> User | None:
        statement = "select user_id, first_name, last_name, city, state, country from users where user_id = %s"
        rows = await self._rows(statement, [user_id])
        return _shown(rows[0]) if rows else None

    async def people(self, page: PageQuery) -> list[Person]:
        statement = """
            select user_id, username, email, first_name, last_name, city, state, country
            from users where user_id > %(after)s order by user_id limit %(limit)s
        """
        return _all(Person, await self._rows(statement, page.model_dump()))

    async def person(self, user_id: int) -> Person | None:
        found = await self.people(PageQuery(limit=1, after=user_id - 1))
        return next((person for person in found if person.user_id == user_id), None)

    async def movies(self, query: MoviesQuery) -> list[Movie]:
        statement = """
            select movie_id, title, description, genre, release_year, director, duration_minutes, imdb_rating
            from movies
            where movie_id > %(after)s
                and (%(title)s::text is null or strpos(lower(title), lower(%(title)s)) > 0)
                and (%(genre)s::text is null or lower(%(genre)s) = any(string_to_array(lower(genre), '|')))
                and (%(year)s::integer is null or release_year = %(year)s)
                and (%(director)s::text is null or strpos(lower(director), lower(%(director)s)) > 0)
            order by movie_id limit %(limit)s
        """
        return _all(Movie, await self._rows(statement, query.model_dump()))

    async def movie(self, movie_id: int) -> Movie | None:
        statement = """
            select movie_id, title, description, genre, release_year, director, duration_minutes, imdb_rating
            from movies where movie_id = %s
        """
        return next(iter(_all(Movie, await self._rows(statement, [movie_id]))), None)

    async def rate(self, rating: NewRating) -> Put[Rating]:
        # A row that an insert made has no xmax; one that the conflict clause updated carries our own lock in it.
        statement = """
            insert into ratings (user_id, movie_id, rating, liked)
            values (%(user_id)s, %(movie_id)s, %(rating)s, %(liked)s)
            on conflict (user_id, movie_id)
                do update set rating = excluded.rating, liked = excluded.liked, rated_at = now()
            returning rating_id, user_id, movie_id, rating, liked, rated_at, xmax = 0 as created
        """
        row = await self._put(statement, rating)
        return Put(Rating.model_validate(row), row["created"], _token("ratings", row["rating_id"], row))

    async def unrate(self, user_id: int, movie_id: int) -> CommitToken | None:
        statement = "delete from ratings where user_id = %s and movie_id = %s returning rating_id"
        rows = await self._rows(statement + _COMMIT, [user_id, movie_id])
        return _token("ratings", rows[0]["rating_id"], rows[0]) if rows else None

    async def ratings(self, user_id: int, page: PageQuery) -> list[Rating]:
        statement = """
            select rating_id, user_id, movie_id, rating, liked, rated_at
            from ratings where user_id = %(user_id)s and rating_id > %(after)s order by rating_id limit %(limit)s
        """
        return _all(Rating, await self._rows(statement, {"user_id": user_id, **page.model_dump()}))

    async def mark_watched(self, watched: NewWatched) -> Put[Watched]:
        statement = """
            insert into watched_movies as old (user_id, movie_id, watched_at)
            values (%(user_id)s, %(movie_id)s, coalesce(%(watched_at)s, now()))
            on conflict (user_id, movie_id) do update set watched_at = coalesce(%(watched_at)s, old.watched_at)
            returning watched_id, user_id, movie_id, watched_at, xmax = 0 as created
        """
        row = await self._put(statement, watched)
        return Put(Watched.model_validate(row), row["created"], _token("watched_movies", row["watched_id"], row))

    async def unmark_watched(self, user_id: int, movie_id: int) -> CommitToken | None:
        statement = "delete from watched_movies where user_id = %s and movie_id = %s returning watched_id"
        rows = await self._rows(statement + _COMMIT, [user_id, movie_id])
        return _token("watched_movies", rows[0]["watched_id"], rows[0]) if rows else None

    async def watched(self, user_id: int, page: PageQuery) -> list[Watched]:
        statement = """
            select watched_id, user_id, movie_id, watched_at
            from watched_movies where user_id = %(user_id)s and watched_id > %(after)s
            order by watched_id limit %(limit)s
        """
        return _all(Watched, await self._rows(statement, {"user_id": user_id, **page.model_dump()}))

    @asynccontextmanager
    async def attempt(self, key: bytes) -> AsyncIterator[PostgresAttempt]:
        async with self._connections.connection() as connection:
            store = PostgresStore(_Only(connection))
            async with attempting(connection, store, key, self._answer_hours) as attempt:
                yield attempt

    async def forget_expired_answers(self) -> None:
        async with self._connections.connection() as connection:
            await connection.execute("delete from dataflix.idempotency_keys where expires_at <= now()")

    async def _put(self, statement: str, body: NewRating | NewWatched) -> dict[str, Any]:
        try:
            [row] = await self._rows(statement + _COMMIT, body.model_dump())
        except psycopg.errors.ForeignKeyViolation as error:
            constraint = error.diag.constraint_name or ""
            raise UnknownReference("user" if constraint.endswith("_user_id_fkey") else "movie") from None
        return row

    async def _unique(self, statement: str | sql.Composed, values: dict[str, Any]) -> list[dict[str, Any]]:
        """Write what nobody else may have. Raises Taken."""
        try:
            return await self._rows(statement, values)
        except psycopg.errors.UniqueViolation as error:
            if (field := _TAKEN.get(error.diag.constraint_name or "")) is None:
                raise
            raise Taken(field) from None

    async def _rows(self, statement: str | sql.Composed, parameters: Params) -> list[dict[str, Any]]:
        async with self._connections.connection() as connection:
            cursor = await connection.execute(statement, parameters)
            return await cursor.fetchall()


def _token(table: WrittenTable, row_id: int, row: dict[str, Any]) -> CommitToken:
    return CommitToken.of(table, row_id, row["commit_txid"], row["commit_position"], row["commit_epoch"])


def _shown(row: dict[str, Any]) -> User:
    return User.model_validate(
        row | {"first_name": mask_name(row["first_name"]), "last_name": mask_name(row["last_name"])}
    )


def _erasure(row: dict[str, Any]) -> Erasure:
    return Erasure.model_validate(row | {"state": "erased" if row["erased_at"] else "deleted"})


def _all(model: type[Model], rows: list[dict[str, Any]]) -> list[Model]:
    return [model.model_validate(row) for row in rows]
