"""The store on PostgreSQL, as the role ``dataflix_api``. Every call is one statement, and so one transaction."""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import Params
from pydantic import BaseModel

from api.connection_pool import ConnectionPool
from api.resources import Movie, NewRating, NewUser, NewWatched, PageQuery, Rating, User, Watched
from api.store import Put, Taken, UnknownReference
from dataflix.masking import mask_name

Model = TypeVar("Model", bound=BaseModel)

_TAKEN = {"users_username_key": "username", "users_email_key": "email"}  # by constraint


class PostgresStore:
    """Rows of the source database."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    async def add_user(self, user: NewUser) -> User:
        sql = """
            insert into users (username, email, first_name, last_name, city, state, country, age)
            values (%(username)s, %(email)s, %(first_name)s, %(last_name)s, %(city)s, %(state)s, %(country)s, %(age)s)
            returning user_id, first_name, last_name, city, state, country
        """
        try:
            [row] = await self._rows(sql, user.model_dump())
        except psycopg.errors.UniqueViolation as error:
            if (field := _TAKEN.get(error.diag.constraint_name or "")) is None:
                raise
            raise Taken(field) from None
        return _shown(row)

    async def users(self, page: PageQuery) -> list[User]:
        sql = """
            select user_id, first_name, last_name, city, state, country
            from users where user_id > %(after)s order by user_id limit %(limit)s
        """
        return [_shown(row) for row in await self._rows(sql, page.model_dump())]

    async def user(self, user_id: int) -> User | None:
        sql = "select user_id, first_name, last_name, city, state, country from users where user_id = %s"
        rows = await self._rows(sql, [user_id])
        return _shown(rows[0]) if rows else None

    async def movies(self, page: PageQuery) -> list[Movie]:
        sql = """
            select movie_id, title, description, genre, release_year, director, duration_minutes, imdb_rating
            from movies where movie_id > %(after)s order by movie_id limit %(limit)s
        """
        return _all(Movie, await self._rows(sql, page.model_dump()))

    async def movie(self, movie_id: int) -> Movie | None:
        sql = """
            select movie_id, title, description, genre, release_year, director, duration_minutes, imdb_rating
            from movies where movie_id = %s
        """
        return next(iter(_all(Movie, await self._rows(sql, [movie_id]))), None)

    async def rate(self, rating: NewRating) -> Put[Rating]:
        # A row that an insert made has no xmax; one that the conflict clause updated carries our own lock in it.
        sql = """
            insert into ratings (user_id, movie_id, rating, liked)
            values (%(user_id)s, %(movie_id)s, %(rating)s, %(liked)s)
            on conflict (user_id, movie_id)
                do update set rating = excluded.rating, liked = excluded.liked, rated_at = now()
            returning rating_id, user_id, movie_id, rating, liked, rated_at, xmax = 0 as created
        """
        return await self._put(Rating, sql, rating)

    async def ratings(self, user_id: int, page: PageQuery) -> list[Rating]:
        sql = """
            select rating_id, user_id, movie_id, rating, liked, rated_at
            from ratings where user_id = %(user_id)s and rating_id > %(after)s order by rating_id limit %(limit)s
        """
        return _all(Rating, await self._rows(sql, {"user_id": user_id, **page.model_dump()}))

    async def mark_watched(self, watched: NewWatched) -> Put[Watched]:
        sql = """
            insert into watched_movies as old (user_id, movie_id, watched_at)
            values (%(user_id)s, %(movie_id)s, coalesce(%(watched_at)s, now()))
            on conflict (user_id, movie_id) do update set watched_at = coalesce(%(watched_at)s, old.watched_at)
            returning watched_id, user_id, movie_id, watched_at, xmax = 0 as created
        """
        return await self._put(Watched, sql, watched)

    async def watched(self, user_id: int, page: PageQuery) -> list[Watched]:
        sql = """
            select watched_id, user_id, movie_id, watched_at
            from watched_movies where user_id = %(user_id)s and watched_id > %(after)s
            order by watched_id limit %(limit)s
        """
        return _all(Watched, await self._rows(sql, {"user_id": user_id, **page.model_dump()}))

    async def _put(self, model: type[Model], sql: str, body: NewRating | NewWatched) -> Put[Model]:
        try:
            [row] = await self._rows(sql, body.model_dump())
        except psycopg.errors.ForeignKeyViolation as error:
            constraint = error.diag.constraint_name or ""
            raise UnknownReference("user" if constraint.endswith("_user_id_fkey") else "movie") from None
        created = bool(row.pop("created"))
        return Put(model.model_validate(row), created)

    async def _rows(self, sql: str, parameters: Params) -> list[dict[str, Any]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(sql, parameters)
            return await cursor.fetchall()


def _shown(row: dict[str, Any]) -> User:
    return User.model_validate(
        row | {"first_name": mask_name(row["first_name"]), "last_name": mask_name(row["last_name"])}
    )


def _all(model: type[Model], rows: list[dict[str, Any]]) -> list[Model]:
    return [model.model_validate(row) for row in rows]
