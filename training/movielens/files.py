"""The files of a MovieLens folder, read and checked to the last line before anything is done with them."""

import math
from array import array
from pathlib import Path

import numpy as np

from training.movielens.data_set import DataSet, Movie, Ratings
from training.movielens.lines import read_lines, whole, wrong
from training.movielens.releases import Release, genres_of, release_in
from training.movielens.titles import split_title

LOWEST_STARS, HIGHEST_STARS = 0.5, 5.0
LATEST_SECOND = 4_102_444_800  # the year 2100


def read_data_set(folder: Path) -> DataSet:
    """Read the movies and ratings of ``folder``, of any release; the data set is named after the folder.

    Raises UnreadableDataSet with the file and the line of the first thing that is not right.
    """
    release = release_in(folder)
    movies = _movies(folder, release)
    return DataSet(folder.resolve().name, list(movies.values()), _ratings(folder, release, movies))


def _movies(folder: Path, release: Release) -> dict[int, Movie]:
    file, movies = folder / release.movies.name, dict[int, Movie]()
    for line, (number, text, *rest) in read_lines(folder, release.movies):
        movielens_id = whole(file, line, "movieId", number)
        title, year = split_title(text)
        if not title:
            raise wrong(file, line, "the title is empty")
        if movielens_id in movies:
            raise wrong(file, line, f"the movie {movielens_id} is listed a second time")
        try:
            movies[movielens_id] = Movie(movielens_id, title, genres_of(rest), year)
        except ValueError as error:
            raise wrong(file, line, str(error)) from None
    return movies


def _ratings(folder: Path, release: Release, known_movies: dict[int, Movie]) -> Ratings:
    file = folder / release.ratings.name
    users, movies, stars, seconds, lines = array("q"), array("q"), array("d"), array("q"), array("q")
    for line, (user, movie, rating, timestamp) in read_lines(folder, release.ratings):
        movie_id = whole(file, line, "movieId", movie)
        if movie_id not in known_movies:
            raise wrong(file, line, f"the movie {movie_id} is not in {release.movies.name}")
        users.append(whole(file, line, "userId", user))
        movies.append(movie_id)
        stars.append(_stars(file, line, rating))
        seconds.append(whole(file, line, "timestamp", timestamp, 0, LATEST_SECOND))
        lines.append(line)
    # over the same memory: the largest releases have 32 million ratings
    columns = Ratings(*(np.asarray(column) for column in (users, movies, stars, seconds)))
    _refuse_repeated(file, columns, lines)
    return columns


def _refuse_repeated(file: Path, ratings: Ratings, lines: "array[int]") -> None:
    """A person rates a movie once: which of two ratings counts, nobody could say."""
    order = np.lexsort((ratings.movie_ids, ratings.user_ids))
    users, movies = ratings.user_ids[order], ratings.movie_ids[order]
    repeated = np.flatnonzero((users[1:] == users[:-1]) & (movies[1:] == movies[:-1]))
    if repeated.size:
        again = order[repeated + 1].min()
        raise wrong(
            file,
            lines[again],
            f"the person {ratings.user_ids[again]} rates the movie {ratings.movie_ids[again]} a second time",
        )


def _stars(file: Path, line: int, text: str) -> float:
    try:
        stars = float(text)
    except ValueError:
        stars = math.nan
    if not (LOWEST_STARS <= stars <= HIGHEST_STARS and (2 * stars).is_integer()):
        raise wrong(file, line, f"rating is not a half or whole number from {LOWEST_STARS} to {HIGHEST_STARS}")
    return stars
