"""What a release of MovieLens holds, whatever its files look like."""

from dataclasses import dataclass
from typing import NamedTuple

from dataflix.recommender.arrays import Float64Array, Int64Array


class Movie(NamedTuple):
    """A movie of the release, with its title taken apart."""

    movielens_id: int
    title: str
    genre: str | None
    release_year: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """All ratings as columns of equal length; ids are those of MovieLens."""

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
