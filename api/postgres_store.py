"""The store on PostgreSQL, as the role ``dataflix_api``. Every call is one statement."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.abc import Params
from pydantic import BaseModel

from api.attempts import PostgresAttempt, attempting
from api.commit_tokens import CommitToken
from api.connection_pool import Connection, ConnectionPool
from api.opinion_writes import COMMIT, GROUPS_AT_ONCE, LOCK_TIMEOUT, Alone, Connections, OpinionWriter, Together, token
from api.resources.forms import PageQuery
from api.resources.movies import Movie, MoviesQuery
from api.resources.opinions import NewRating, NewWatched, Rating, Watched
from api.resources.people import Erasure, NewUser, Person, User, UserUpdate
from api.store import Put, Taken
from dataflix.masking import mask_name

Model = TypeVar("Model", bound=BaseModel)

_TAKEN = {"users_username_key": "username", "users_email_key": "email"}  # by constraint
ANSWER_HOURS = 24  # that the answer to a write with an idempotency key is kept


class _Only:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self._connection


@asynccontextmanager
async def open_store(conninfo: str, answer_hours: int = ANSWER_HOURS) -> AsyncIterator["PostgresStore"]:
    """A store with connections of its own. What people think of movies is written in groups."""
    pool, impatient = ConnectionPool(conninfo), ConnectionPool(conninfo, GROUPS_AT_ONCE, LOCK_TIMEOUT)
    async with pool, impatient:
        yield PostgresStore(pool, answer_hours, Together(Alone(pool), impatient))


class PostgresStore:
    """Rows of the source database. ``opinions`` writes what people think of movies, each by itself unless given."""

    def __init__(
        self, connections: Connections, answer_hours: int = ANSWER_HOURS, opinions: OpinionWriter | None = None
    ) -> None:
        self._connections = connections
        self._opinions = opinions or Alone(connections)
        self._answer_hours = answer_hours

    async def add_user(self, user: NewUser) -> Put[User]:
        statement = """
            insert into users (username, email, first_name, last_name, city, state, country, age)
            values (%(username)s, %(email)s, %(first_name)s, %(last_name)s, %(city)s, %(state)s, %(country)s, %(age)s)
            returning user_id, first_name, last_name, city, state, country
        """
        [row] = await self._unique(statement + COMMIT, user.model_dump())
        return Put(_shown(row), created=True, token=token("users", row["user_id"], row))

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
        rows = await self._unique(statement + sql.SQL(COMMIT), changes | {"user_id": user_id})
        return Put(_shown(rows[0]), created=False, token=token("users", user_id, rows[0])) if rows else None

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
        return await self._opinions.rate(rating)

    async def unrate(self, user_id: int, movie_id: int) -> CommitToken | None:
        statement = "delete from ratings where user_id = %s and movie_id = %s returning rating_id"
        rows = await self._rows(statement + COMMIT, [user_id, movie_id])
        return token("ratings", rows[0]["rating_id"], rows[0]) if rows else None

    async def ratings(self, user_id: int, page: PageQuery) -> list[Rating]:
        statement = """
            select rating_id, user_id, movie_id, rating, liked, rated_at
            from ratings where user_id = %(user_id)s and rating_id > %(after)s order by rating_id limit %(limit)s
        """
        return _all(Rating, await self._rows(statement, {"user_id": user_id, **page.model_dump()}))

    async def mark_watched(self, watched: NewWatched) -> Put[Watched]:
        return await self._opinions.mark_watched(watched)

    async def unmark_watched(self, user_id: int, movie_id: int) -> CommitToken | None:
        statement = "delete from watched_movies where user_id = %s and movie_id = %s returning watched_id"
        rows = await self._rows(statement + COMMIT, [user_id, movie_id])
        return token("watched_movies", rows[0]["watched_id"], rows[0]) if rows else None

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


def _shown(row: dict[str, Any]) -> User:
    return User.model_validate(
        row | {"first_name": mask_name(row["first_name"]), "last_name": mask_name(row["last_name"])}
    )


def _erasure(row: dict[str, Any]) -> Erasure:
    return Erasure.model_validate(row | {"state": "erased" if row["erased_at"] else "deleted"})


def _all(model: type[Model], rows: list[dict[str, Any]]) -> list[Model]:
    return [model.model_validate(row) for row in rows]
