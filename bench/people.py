"""Made-up people whose ratings a benchmark commits, and who are gone when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import psycopg

from dataflix.errors import DataflixError
from dataflix.settings import Settings

MOVIES = 20  # rated by each person: the movies of the sample data


@dataclass(frozen=True, slots=True)
class Crowd:
    """Users that exist for one benchmark, and movies that were there before."""

    users: tuple[int, ...]
    movies: tuple[int, ...]

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Every (user, movie) once: a rating of each is an insert."""
        return ((user, movie) for user in self.users for movie in self.movies)


@contextmanager
def crowd(settings: Settings, people: int) -> Iterator[Crowd]:
    """So many people without a history; erased at the source on leaving, and so downstream."""
    with _administrator(settings) as connection:
        movies = tuple(
            row[0] for row in connection.execute("select movie_id from movies order by 1 limit %s", [MOVIES])
        )
        if len(movies) < MOVIES:
            raise DataflixError(f"There are fewer than {MOVIES} movies to rate: run `bin/dataflix up`, it loads some.")
        run = token_hex(4)
        users = tuple(
            row[0]
            for row in connection.execute(
                "insert into users (username, email)"
                " select name, name || '@example.invalid'"
                " from (select 'bench-' || %s || '-' || n as name from generate_series(1, %s) n) names"
                " returning user_id",
                [run, people],
            )
        )
    try:
        yield Crowd(users, movies)
    finally:
        # Anew: PostgreSQL may have been started again meanwhile
        with _administrator(settings) as connection:
            connection.execute("delete from users where user_id = any(%s)", [list(users)])


def _administrator(settings: Settings) -> psycopg.Connection[tuple[Any, ...]]:
    conninfo = settings.postgres_conninfo("dataflix_admin", settings.postgres_admin_password)
    return psycopg.connect(conninfo, autocommit=True)
