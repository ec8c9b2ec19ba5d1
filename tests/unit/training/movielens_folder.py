"""A small MovieLens folder, written by a test as any of the releases writes it."""

from collections.abc import Sequence
from pathlib import Path

MOVIE_LINES = (
    "1,Toy Story (1995),Adventure|Animation",
    '2,"Matrix, The (1999)",Action',
    "5,Paterson,(no genres listed)",
)
RATING_LINES = ("1,1,4.0,964982703", "1,5,0.5,964981247", "7,2,5.0,1000000000")

# The same three movies and three ratings, whole stars, in the older forms
DAT_MOVIES = (
    "1::Toy Story (1995)::Adventure|Animation",
    "2::Matrix, The (1999)::Action",
    "5::Léon (1994)::Crime|Drama",
)
DAT_RATINGS = ("1::1::4::964982703", "1::5::1::964981247", "7::2::5::1000000000")
OLDEST_MOVIES = (
    "1|Toy Story (1995)|01-Jan-1995||http://us.imdb.com/M/title-exact?Toy%20Story%20(1995)"
    "|0|0|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0",
    "2|Matrix, The (1999)|||http://|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0",
    "5|Léon (1994)|01-Jan-1994||http://|0|0|0|0|0|0|1|0|1|0|0|0|0|0|0|0|0|0|0",
)
OLDEST_RATINGS = ("1\t1\t4\t964982703", "1\t5\t1\t964981247", "7\t2\t5\t1000000000")


def write_movielens(
    folder: Path,
    movies: Sequence[str] = MOVIE_LINES,
    ratings: Sequence[str] = RATING_LINES,
    *,
    movies_header: str = "movieId,title,genres",
    ratings_header: str = "userId,movieId,rating,timestamp",
) -> Path:
    """The folder, with the files of ml-latest-small, ml-20m, ml-25m and ml-32m as far as an import reads them."""
    return _write(folder, {"movies.csv": [movies_header, *movies], "ratings.csv": [ratings_header, *ratings]}, "utf-8")


def write_dat(
    folder: Path,
    movies: Sequence[str] = DAT_MOVIES,
    ratings: Sequence[str] = DAT_RATINGS,
    encoding: str = "latin-1",
) -> Path:
    """The folder, with the files of ml-1m; those of ml-10m are in UTF-8."""
    return _write(folder, {"movies.dat": movies, "ratings.dat": ratings, "users.dat": ["1::F::1::10::48067"]}, encoding)


def write_oldest(folder: Path, movies: Sequence[str] = OLDEST_MOVIES, ratings: Sequence[str] = OLDEST_RATINGS) -> Path:
    """The folder, with the files of ml-100k."""
    files = {"u.item": movies, "u.data": ratings, "u.user": ["1|24|M|technician|85711"]}
    return _write(folder, files, "latin-1")


def _write(folder: Path, files: dict[str, Sequence[str]], encoding: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding=encoding)
    return folder
