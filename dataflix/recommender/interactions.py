"""How strongly a person chose a movie, and in which order: one number from stars, thumb and watching; one from time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflix.recommender.arrays import Float64Array, Int64Array

RATING_WEIGHT = 0.7
LIKED_WEIGHT = 0.3
SCORE_DECIMALS = 2

# Watched and never rated: weaker than any movie rated one and a half stars or better.
# dbt computes the same matrix in SQL; its variable `watched_only_weight` is held equal to this by a test.
WATCHED_ONLY_SCORE = 1.0

# Even a movie that somebody disliked is one that they chose; a movie of four stars counts in full.
LIKING_AT_NONE: Final = 0.5
LIKING_PER_SCORE: Final = 0.5 / 2.8


@dataclass(frozen=True, slots=True)
class Interaction:
    """What one person did with one movie; a history holds at most one for each movie.

    ``score`` comes from ``interaction_score``. ``at`` is when, in microseconds since 1970 (UTC); only its order counts.
    ``stars`` are 0.5 to 5.0, None for a movie that was watched and not rated.
    """

    movie_id: int
    score: float
    at: int
    stars: float | None = None


def interaction_score(rating: float | None, liked: bool | None = None) -> float:
    """Score of stars (0.5 to 5.0) and a thumb: ``0.7 * rating + 0.3 * liked``; no thumb and thumb down add nothing.

    ``rating`` is None for a movie that was watched and not rated.
    """
    if rating is None:
        return WATCHED_ONLY_SCORE
    return round(RATING_WEIGHT * rating + LIKED_WEIGHT * bool(liked), SCORE_DECIMALS)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A person's interactions as columns of equal length, the newest first, those of one moment ordered by movie."""

    movie_ids: Int64Array
    scores: Float64Array
    stars: Float64Array  # NaN for a movie that was not rated
    positions: Float64Array  # 0 for the newest; interactions of one moment share the mean of their places

    @classmethod
    def of(cls, interactions: Iterable[Interaction]) -> "History":
        """The same history in whatever order the interactions are given."""
        ordered = sorted(interactions, key=lambda one: (-one.at, one.movie_id))
        moments = np.array([one.at for one in ordered], dtype=np.int64)
        return cls(
            np.array([one.movie_id for one in ordered], dtype=np.int64),
            np.array([one.score for one in ordered], dtype=np.float64),
            np.array([np.nan if one.stars is None else one.stars for one in ordered], dtype=np.float64),
            shared_places(moments),
        )

    def __len__(self) -> int:
        return self.movie_ids.size

    @property
    def likings(self) -> Float64Array:
        """How much each interaction says about what the person wants: 1 for a well rated movie, less for a poor one."""
        return np.minimum(np.maximum(LIKING_AT_NONE + self.scores * LIKING_PER_SCORE, 0.0), 1.0)


def shared_places(moments: Int64Array) -> Float64Array:
    """The place of each of the sorted ``moments``, from 0; equal ones share the mean of their places.

    Interactions of one moment have no order: to make one up, by movie id or by their order in a file, would let the
    model learn from it.
    """
    if not moments.size:
        return np.empty(0)
    starts = np.flatnonzero(np.r_[True, moments[1:] != moments[:-1]])
    ends = np.r_[starts[1:], moments.size]
    return np.repeat((starts + ends - 1) / 2, ends - starts)


@dataclass(frozen=True, slots=True)
class Recency:
    """How much less older interactions weigh: ``max(floor, 2 ** (-position / half_life))``, position 0 the newest."""

    half_life: float  # interactions until the weight has halved
    floor: float  # no interaction weighs less
    reach: float = np.inf  # but those from this position on: they weigh nothing

    def weights(self, positions: Float64Array) -> Float64Array:
        """The weight of each position; below a hundredth it is none at all."""
        weights = np.exp2(-positions / self.half_life)
        np.maximum(weights, self.floor, out=weights)
        if self.floor < _NEGLIGIBLE:
            weights[weights < _NEGLIGIBLE] = 0.0
        if self.reach < np.inf:
            weights[positions >= self.reach] = 0.0
        return weights


_NEGLIGIBLE: Final = 1e-2
EVEN: Final = Recency(half_life=1.0, floor=1.0)
