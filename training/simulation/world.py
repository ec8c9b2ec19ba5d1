"""The movies of a simulation and the people in it: who meets which movie, and who likes what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from dataflix.recommender.arrays import Float64Array, Int64Array, Rows
from training.errors import UnfitData

POPULARITY_SLOPE: Final = 0.8  # the movie of rank r is met r ** -slope times as often as the first
NARROWNESS: Final = 0.25  # below 1 a person's taste lies in a few genres, above in all of them
ACTIVITY_SPREAD: Final = 1.0  # of the logarithm: a few people do most
STARS_MEAN: Final = 2.4
STARS_FOR_TASTE: Final = 2.2  # what a movie wholly to somebody's taste has more than one wholly against it
QUALITY_SPREAD: Final = 0.4
GENEROSITY_SPREAD: Final = 0.4
_MOVIES, _PEOPLE = 1, 2  # parts of the seed, so that one more movie leaves the people who they are


class Film(NamedTuple):
    """A movie of the catalogue, with its genres joined by ``|``."""

    movie_id: int
    genre: str | None


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Arrays over movies and over people. Deterministic for catalogue, number of people and seed."""

    movie_ids: Int64Array
    met: Float64Array  # running share of meetings, up to 1
    traits: Float64Array  # [movies, genres], shares of its genres
    quality: Float64Array  # stars
    active: Float64Array  # running share of actions, up to 1
    tastes: Float64Array  # [people, genres], the most liked genre is 1
    generosity: Float64Array  # stars

    @property
    def people(self) -> int:
        return self.active.size

    @classmethod
    def of(cls, films: Sequence[Film], people: int, seed: int) -> "World":
        """The world of these movies, in whatever order. Raises UnfitData where there are none."""
        if not films:
            raise UnfitData("There are no movies to watch: load the sample or import a data set first.")
        films = sorted(films)
        names = [(film.genre or "").split("|") for film in films]
        genres = sorted({genre for one in names for genre in one})
        traits = np.array([[genre in one for genre in genres] for one in names], dtype=np.float64)
        draws = np.random.default_rng([seed, _MOVIES])
        ranks = draws.permutation(len(films)) + 1.0
        quality = draws.normal(scale=QUALITY_SPREAD, size=len(films))
        draws = np.random.default_rng([seed, _PEOPLE])
        tastes = draws.dirichlet(np.full(len(genres), NARROWNESS), size=people)
        return cls(
            movie_ids=np.array([film.movie_id for film in films], dtype=np.int64),
            met=_running(np.asarray(ranks**-POPULARITY_SLOPE, dtype=np.float64)),
            traits=traits / traits.sum(axis=1, keepdims=True),
            quality=quality,
            active=_running(draws.lognormal(sigma=ACTIVITY_SPREAD, size=people)),
            tastes=tastes / tastes.max(axis=1, keepdims=True),
            generosity=draws.normal(scale=GENEROSITY_SPREAD, size=people),
        )

    def liking(self, person: int, rows: Rows) -> Float64Array:
        """How far each movie is to the person's taste, from 0 to 1."""
        return np.asarray(self.traits[rows] @ self.tastes[person])

    def expected_stars(self, person: int, row: int) -> float:
        """What the person gives to the movie on a day like any other; may lie outside of what can be given."""
        liking = float(self.liking(person, np.array([row]))[0])
        return STARS_MEAN + STARS_FOR_TASTE * liking + float(self.quality[row]) + float(self.generosity[person])


def _running(weights: Float64Array) -> Float64Array:
    shares = np.cumsum(weights / weights.sum())
    shares[-1] = 1.0  # and not a rounding error below
    return shares
