"""The simulation straight into the source: people and what they do are rows of PostgreSQL."""

import asyncio
from collections.abc import Sequence
from typing import LiteralString

from psycopg import sql

from training.made_up_people import MadeUpPerson
from training.movielens.mapped_rows import Row, copy_rows
from training.simulation.actions import Action, Rate, Watch
from training.simulation.world import Film
from training.source_database import Connection

_PEOPLE = ("username", "email", "first_name", "last_name")
# A person or a movie that is gone is no row here, and so nothing is written
_WATCH = """
INSERT INTO public.watched_movies (user_id, movie_id)
SELECT user_id, movie_id FROM public.users, public.movies WHERE user_id = %s AND movie_id = %s
ON CONFLICT (user_id, movie_id) DO UPDATE SET watched_at = excluded.watched_at
"""
_RATE = """
INSERT INTO public.ratings (user_id, movie_id, rating, liked)
SELECT user_id, movie_id, %s, %s FROM public.users, public.movies WHERE user_id = %s AND movie_id = %s
ON CONFLICT (user_id, movie_id)
DO UPDATE SET rating = excluded.rating, liked = excluded.liked, rated_at = excluded.rated_at
"""


class PostgresStage:
    """The tables of the source; who browses there leaves no trace."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def films(self) -> list[Film]:
        return await asyncio.to_thread(self._films)

    async def sign_up(self, people: Sequence[MadeUpPerson]) -> list[int]:
        return await asyncio.to_thread(self._sign_up, people)

    async def perform(self, actions: Sequence[Action], user_ids: Sequence[int]) -> int:
        return await asyncio.to_thread(self._perform, actions, user_ids)

    def _films(self) -> list[Film]:
        return [Film(*row) for row in self._connection.execute("SELECT movie_id, genre FROM public.movies")]  # type: ignore[arg-type]

    def _sign_up(self, people: Sequence[MadeUpPerson]) -> list[int]:
        rows = [(one.username, one.email, one.first_name, one.last_name) for one in people]
        with self._connection.transaction():
            copy_rows(self._connection, sql.Identifier("public", "users"), _PEOPLE, rows)
            found = self._connection.execute(
                "SELECT username, user_id FROM public.users WHERE username = ANY(%s)", [[row[0] for row in rows]]
            )
            ids = {str(username): int(str(user_id)) for username, user_id in found}
        return [ids[one.username] for one in people]

    def _perform(self, actions: Sequence[Action], user_ids: Sequence[int]) -> int:
        watched = [(user_ids[one.person], one.movie_id) for one in actions if isinstance(one, Watch)]
        rated = [(one.stars, one.liked, user_ids[one.person], one.movie_id) for one in actions if isinstance(one, Rate)]
        with self._connection.transaction():
            return self._write(_WATCH, watched) + self._write(_RATE, rated)

    def _write(self, statement: LiteralString, rows: Sequence[Row]) -> int:
        """Run the statement for each row, in their order; for how many it did nothing."""
        if not rows:
            return 0
        with self._connection.cursor() as cursor:
            cursor.executemany(statement, rows)
            return len(rows) - cursor.rowcount
