"""A small MovieLens folder, written by a test."""

from collections.abc import Sequence
from pathlib import Path

MOVIE_LINES = (
    "1,Toy Story (1995),Adventure|Animation",
    '2,"Matrix, The (1999)",Action',
    "5,Paterson,(no genres listed)",
)
RATING_LINES = ("1,1,4.0,964982703", "1,5,0.5,964981247", "7,2,5.0,1000000000")


def write_movielens(
    folder: Path,
    movies: Sequence[str] = MOVIE_LINES,
    ratings: Sequence[str] = RATING_LINES,
    *,
    movies_header: str = "movieId,title,genres",
    ratings_header: str = "userId,movieId,rating,timestamp",
) -> Path:
    """The folder, with the files of ml-latest-small as far as an import reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("movies.csv", [movies_header, *movies]), ("ratings.csv", [ratings_header, *ratings])):
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder
