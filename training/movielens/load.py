"""A data set into PostgreSQL, in batches that are each a transaction: an import that broke goes on where it was.

New ids come from the sequences of the source, so they never meet those that are there. What was imported before is left
as it is now, changed or not; what was deleted since comes back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from psycopg import sql

from dataflix.recommender.arrays import Int64Array
from training.errors import ImportRunning
from training.made_up_people import made_up_person
from training.movielens.data_set import DataSet, Movie, Ratings
from training.movielens.mapped_rows import BATCH, IMPORTS, Advance, Kind, Row, add_missing, copy_rows, prepare_mapping
from training.source_database import Connection

LOCK = 0x4D6F7669654C656E  # the advisory lock that one import holds at a time

MOVIES = Kind("movies", "movie_id", ("title", "genre", "release_year"), "movielens_movies")
PEOPLE = Kind(
    "users",
    "user_id",
    ("username", "email", "first_name", "last_name", "created_at", "updated_at"),
    "movielens_users",
)

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS staged_ratings (
    user_id bigint, movie_id bigint, rating numeric(2, 1), rated_at timestamptz
) ON COMMIT DELETE ROWS
"""
_TAKE_STAGED = """
INSERT INTO public.ratings (user_id, movie_id, rating, rated_at)
SELECT user_id, movie_id, rating, rated_at
FROM staged_ratings AS staged
WHERE NOT EXISTS (
    SELECT FROM public.ratings AS held WHERE held.user_id = staged.user_id AND held.movie_id = staged.movie_id
)
ON CONFLICT (user_id, movie_id) DO NOTHING
"""

# Told the name of a part and how many rows it has, gives the function that is told of rows as they are done.
Progress = Callable[[str, int], Advance]


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows were new."""

    movies: int
    people: int
    ratings: int


def load(connection: Connection, data_set: DataSet, progress: Progress) -> Imported:
    """Add what of ``data_set`` is not there yet: movies, then people, then ratings.

    ``connection`` is in autocommit mode, and keeps other imports out until it is closed. Raises ImportRunning while
    another one does that.
    """
    if connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() != (True,):
        raise ImportRunning("Another import is running on this database: wait until it is done, then import again.")
    _prepare(connection)
    movies = {movie.movielens_id: movie for movie in data_set.movies}
    advance = progress("movies", len(movies))
    movie_ids, new_movies = add_missing(connection, MOVIES, data_set.name, movies, _movie_row, advance)
    people = first_ratings(data_set.ratings)
    advance = progress("people", len(people))
    user_ids, new_people = add_missing(connection, PEOPLE, data_set.name, people, _person_row, advance)
    ratings = Ratings(
        translated(data_set.ratings.user_ids, user_ids),
        translated(data_set.ratings.movie_ids, movie_ids),
        data_set.ratings.stars,
        data_set.ratings.seconds,
    )
    return Imported(new_movies, new_people, _add_ratings(connection, ratings, progress("ratings", len(ratings))))


def _prepare(connection: Connection) -> None:
    with connection.transaction():
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(IMPORTS)))
        prepare_mapping(connection, MOVIES)
        prepare_mapping(connection, PEOPLE)
    connection.execute(_STAGE)


def _movie_row(_movie_id: int, movie: Movie) -> Row:
    return movie.title, movie.genre, movie.release_year


def _person_row(user_id: int, joined: datetime) -> Row:
    person = made_up_person(user_id)
    return person.username, person.email, person.first_name, person.last_name, joined, joined


def first_ratings(ratings: Ratings) -> dict[int, datetime]:
    """Each person of the data set, and when they first rated: the best that is known of when they joined."""
    people, rows = np.unique(ratings.user_ids, return_inverse=True)
    first = np.full(people.size, np.iinfo(np.int64).max)
    np.minimum.at(first, rows, ratings.seconds)
    return {person: _moment(at) for person, at in zip(people.tolist(), first.tolist(), strict=True)}


def translated(ids: Int64Array, ours: Mapping[int, int]) -> Int64Array:
    """``ids`` of MovieLens as ids of ours."""
    known, positions = np.unique(ids, return_inverse=True)
    return np.array([ours[one] for one in known.tolist()], dtype=np.int64)[positions]


def _add_ratings(connection: Connection, ratings: Ratings, advance: Advance) -> int:
    columns = ("user_id", "movie_id", "rating", "rated_at")
    added = 0
    for start in range(0, len(ratings), BATCH):
        part = slice(start, start + BATCH)
        rows = list(
            zip(
                ratings.user_ids[part].tolist(),
                ratings.movie_ids[part].tolist(),
                ratings.stars[part].tolist(),
                map(_moment, ratings.seconds[part].tolist()),
                strict=True,
            )
        )
        with connection.transaction():
            copy_rows(connection, sql.Identifier("staged_ratings"), columns, rows)
            added += connection.execute(_TAKE_STAGED).rowcount
        advance(len(rows))
    return added


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
