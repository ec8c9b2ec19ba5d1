"""The files of a MovieLens folder, read and checked to the last line before anything is done with them."""

import csv
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dataflix.recommender.arrays import Float64Array, Int64Array
from training.errors import UnreadableDataSet
from training.movielens.titles import split_title

MOVIES, RATINGS = "movies.csv", "ratings.csv"
MOVIES_HEADER = ["movieId", "title", "genres"]
RATINGS_HEADER = ["userId", "movieId", "rating", "timestamp"]
NO_GENRES = "(no genres listed)"
LOWEST_STARS, HIGHEST_STARS = 0.5, 5.0
LATEST_SECOND = 4_102_444_800  # the year 2100
LARGEST_ID = 2**31 - 1


class Movie(NamedTuple):
    """A line of movies.csv, with its title taken apart."""

    movielens_id: int
    title: str
    genre: str | None
    release_year: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """The lines of ratings.csv as columns of equal length; ids are those of MovieLens."""

    user_ids: Int64Array
    movie_ids: Int64Array
    stars: Float64Array
    seconds: Int64Array  # since 1970, UTC

    def __len__(self) -> int:
        return self.user_ids.size


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """One release of MovieLens. Its people are known by number within ``name``."""

    name: str
    movies: list[Movie]
    ratings: Ratings


def read_data_set(folder: Path) -> DataSet:
    """Read ``movies.csv`` and ``ratings.csv`` of ``folder``; the data set is named after the folder.

    Raises UnreadableDataSet with the file and the line of the first thing that is not right.
    """
    if not folder.is_dir():
        raise UnreadableDataSet(f"There is no folder {folder}: name the one that holds {MOVIES} and {RATINGS}.")
    movies = _movies(folder / MOVIES)
    return DataSet(folder.resolve().name, movies, _ratings(folder / RATINGS, {movie.movielens_id for movie in movies}))


def _movies(file: Path) -> list[Movie]:
    movies: dict[int, Movie] = {}
    for line, (number, text, genres) in _lines(file, MOVIES_HEADER):
        movielens_id = _id(file, line, "movieId", number)
        title, year = split_title(text)
        if not title:
            raise _wrong(file, line, "the title is empty")
        if movielens_id in movies:
            raise _wrong(file, line, f"the movie {movielens_id} is listed a second time")
        movies[movielens_id] = Movie(movielens_id, title, None if genres in {"", NO_GENRES} else genres, year)
    return list(movies.values())


def _ratings(file: Path, known_movies: set[int]) -> Ratings:
    users, movies, stars, seconds, lines = array("q"), array("q"), array("d"), array("q"), array("q")
    for line, (user, movie, rating, timestamp) in _lines(file, RATINGS_HEADER):
        movie_id = _id(file, line, "movieId", movie)
        if movie_id not in known_movies:
            raise _wrong(file, line, f"the movie {movie_id} is not in {MOVIES}")
        users.append(_id(file, line, "userId", user))
        movies.append(movie_id)
        stars.append(_stars(file, line, rating))
        seconds.append(_whole(file, line, "timestamp", timestamp, 0, LATEST_SECOND))
        lines.append(line)
    columns = Ratings(
        np.array(users, dtype=np.int64),
        np.array(movies, dtype=np.int64),
        np.array(stars, dtype=np.float64),
        np.array(seconds, dtype=np.int64),
    )
    _refuse_repeated(file, columns, lines)
    return columns


def _refuse_repeated(file: Path, ratings: Ratings, lines: "array[int]") -> None:
    """A person rates a movie once: which of two ratings counts, nobody could say."""
    order = np.lexsort((ratings.movie_ids, ratings.user_ids))
    users, movies = ratings.user_ids[order], ratings.movie_ids[order]
    repeated = np.flatnonzero((users[1:] == users[:-1]) & (movies[1:] == movies[:-1]))
    if repeated.size:
        again = order[repeated + 1].min()
        raise _wrong(
            file,
            lines[again],
            f"the person {ratings.user_ids[again]} rates the movie {ratings.movie_ids[again]} a second time",
        )


def _lines(file: Path, header: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Every line after the header, with its number. The file must have exactly these columns."""
    line = 1
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            if next(reader, None) != header:
                raise _wrong(file, line, f"the header is not {','.join(header)}")
            line = reader.line_num + 1
            for fields in reader:
                if len(fields) != len(header):
                    raise _wrong(file, line, f"there are {len(fields)} fields and not {len(header)}")
                yield line, fields
                line = reader.line_num + 1
    except FileNotFoundError:
        raise UnreadableDataSet(f"There is no file {file}: a MovieLens folder holds {MOVIES} and {RATINGS}.") from None
    except OSError as error:
        raise UnreadableDataSet(f"The file {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise _wrong(file, _first_undecodable(file), "it is not text in UTF-8") from None
    except csv.Error as error:
        raise _wrong(file, line, f"it is not CSV ({error})") from None


def _first_undecodable(file: Path) -> int:
    """The number of the line; text is decoded in blocks, far ahead of the line that is read."""
    number = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):  # noqa: B007  # the number is what is wanted
            try:
                line.decode()
            except UnicodeDecodeError:
                break
    return number


def _id(file: Path, line: int, name: str, text: str) -> int:
    return _whole(file, line, name, text, 1, LARGEST_ID)


def _whole(file: Path, line: int, name: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= most):
        raise _wrong(file, line, f"{name} is not a whole number from {least} to {most}")
    return int(text)


def _stars(file: Path, line: int, text: str) -> float:
    try:
        stars = float(text)
    except ValueError:
        stars = math.nan
    if not (LOWEST_STARS <= stars <= HIGHEST_STARS and (2 * stars).is_integer()):
        raise _wrong(file, line, f"rating is not a half or whole number from {LOWEST_STARS} to {HIGHEST_STARS}")
    return stars


def _wrong(file: Path, line: int, what: str) -> UnreadableDataSet:
    return UnreadableDataSet(f"{file}, line {line}: {what}. Correct the file and import again; nothing was imported.")
