"""How the releases of MovieLens write their files, and which of them a folder holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.errors import UnreadableDataSet

NO_GENRES: Final = "(no genres listed)"
# ml-100k marks each genre of a movie in a column of its own, in this order
GENRES: Final = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file with a line for each movie or each rating."""

    name: str
    columns: tuple[str, ...]
    separator: str  # where it is a comma, fields may be quoted
    encodings: tuple[str, ...]  # the first that fits all of it
    has_header: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """The two files of a family of releases. Who the people are, which some releases tell, is not read."""

    names: str  # of the family, for a person
    movies: TextFile
    ratings: TextFile


_RATING: Final = ("userId", "movieId", "rating", "timestamp")
_MOVIE: Final = ("movieId", "title", "genres")
_DIGITS: Final = ("latin-1",)  # what is no digit in it is refused by field
_OLD_TEXT: Final = ("utf-8", "latin-1")  # ml-10m is in UTF-8, the others are not

RELEASES: Final = (
    Release(
        "ml-latest-small, ml-latest, ml-20m, ml-25m, ml-32m",
        TextFile("movies.csv", _MOVIE, ",", ("utf-8-sig",), has_header=True),
        TextFile("ratings.csv", _RATING, ",", ("utf-8-sig",), has_header=True),
    ),
    Release(
        "ml-1m, ml-10m",
        TextFile("movies.dat", _MOVIE, "::", _OLD_TEXT),
        TextFile("ratings.dat", _RATING, "::", _DIGITS),
    ),
    Release(
        "ml-100k",
        TextFile("u.item", ("movieId", "title", "released", "video", "address", *GENRES), "|", _OLD_TEXT),
        TextFile("u.data", _RATING, "\t", _DIGITS),
    ),
)


def release_in(folder: Path) -> Release:
    """The release that ``folder`` holds a file of. Raises UnreadableDataSet when it holds none, or two."""
    needed = "; ".join(f"{one.movies.name} and {one.ratings.name} ({one.names})" for one in RELEASES)
    if not folder.is_dir():
        raise UnreadableDataSet(f"There is no folder {folder}: name one that holds {needed}.")
    held = [one for one in RELEASES if any((folder / file.name).exists() for file in (one.movies, one.ratings))]
    if not held:
        raise UnreadableDataSet(f"{folder} is not a folder of MovieLens, which holds {needed}.")
    if len(held) > 1:
        both = " and ".join(one.names for one in held)
        raise UnreadableDataSet(f"{folder} holds files of {both}: give each release a folder of its own.")
    return held[0]


def genres_of(fields: Sequence[str]) -> str | None:
    """The genres in what follows a movie's title, as ``Drama|War``; None where there are none.

    Raises ValueError for a mark that is neither 0 nor 1.
    """
    if len(fields) == 1:
        return None if fields[0] in {"", NO_GENRES} else fields[0]
    marks = fields[-len(GENRES) :]
    if not set(marks) <= {"0", "1"}:
        raise ValueError("a genre is marked by neither 0 nor 1")
    return "|".join(genre for genre, mark in zip(GENRES[1:], marks[1:], strict=True) if mark == "1") or None
