"""What training hands to serving: item factors, two tables of neighbours, popularity, and what predicts stars."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np

from dataflix.recommender.arrays import Float32Array, Float64Array, Int64Array, Rows
from dataflix.recommender.interactions import Recency
from dataflix.recommender.neighbours import Neighbours
from dataflix.recommender.stars import StarModel
from dataflix.recommender.validity import InvalidModel, check_kinds, check_numbers
from dataflix.recommender.votes import Votes

_ARRAYS = {"item_ids": (np.int64, 1), "factors": (np.float32, 2), "popularity": (np.float32, 1)}

_NEWEST: Final = Recency(half_life=3.0, floor=0.05)


class Weights(NamedTuple):
    """How much each part says, in standard deviations of its own scores."""

    factors: float
    next_items: float
    also_chosen: float
    popularity: float


@dataclass(frozen=True, slots=True)
class Blend:
    """How much each part says, in standard deviations of its own scores, and which part of a history it looks at."""

    factors: float = 1.0
    next_items: float = 0.0
    popularity: float = 0.0
    factors_recency: Recency = _NEWEST
    next_items_recency: Recency = _NEWEST
    also_chosen: float = 0.0
    also_chosen_recency: Recency = _NEWEST

    @property
    def weights(self) -> Weights:
        """How much each part says."""
        return Weights(self.factors, self.next_items, self.also_chosen, self.popularity)

    def weighing(self, weights: Weights) -> "Blend":
        """The same, but for how much each part says."""
        return replace(
            self,
            factors=weights.factors,
            next_items=weights.next_items,
            also_chosen=weights.also_chosen,
            popularity=weights.popularity,
        )


FACTORS_ALONE = Blend()


@dataclass(frozen=True, slots=True, eq=False)
class ItemModel:
    """What is known of the items. People have nothing here: a history is folded in when it is needed.

    Raises InvalidModel when the arrays do not fit one another. The arrays become read-only.
    """

    item_ids: Int64Array  # [n], ascending, each once
    factors: Float32Array  # [n, k], not negative: of a non-negative factorisation
    popularity: Float32Array  # [n], people who interacted with the item when the model was trained
    next_items: Neighbours | None = None  # who chose this went on to that
    also_chosen: Neighbours | None = None  # who chose this chose that, whenever
    stars: StarModel | None = None
    blend: Blend = FACTORS_ALONE
    by_factor: Float32Array = field(init=False)  # [k, n], the factors again: a person has but some of them
    gram: Float64Array = field(init=False)  # [k, k], factors' * factors
    gram_inverse: Float64Array = field(init=False)  # [k, k], its pseudo-inverse: where a fold-in begins
    factor_means: Float64Array = field(init=False)  # [k], over the items
    crowd: Float32Array = field(init=False)  # [n], the logarithm of the popularity, standardised over the items
    weighted_crowd: Float32Array = field(init=False)  # [n], as the blend weighs it
    next_votes: Votes | None = field(init=False)  # the neighbours again, as they are added up
    also_votes: Votes | None = field(init=False)

    def __post_init__(self) -> None:
        check_kinds(self, _ARRAYS)
        rows, rank = self.factors.shape
        if not rows or not rank:
            raise InvalidModel("The model has no items or no factors: train it on more interactions.")
        if self.item_ids.shape != (rows,) or self.popularity.shape != (rows,):
            raise InvalidModel(
                f"The model has {self.item_ids.size} items, {rows} rows of factors and {self.popularity.size} "
                "popularities, and these must be as many: train a new model."
            )
        if np.any(np.diff(self.item_ids) <= 0):
            raise InvalidModel("The items of the model are not in ascending order, each once: train a new model.")
        check_numbers(self, ("factors", "popularity"), least=0.0)
        for name, neighbours in (("next_votes", self.next_items), ("also_votes", self.also_chosen)):
            if neighbours is not None:
                neighbours.check(rows)
            object.__setattr__(self, name, Votes.of(neighbours) if neighbours is not None else None)
        if self.stars is not None:
            self.stars.check(rows)
        wide = self.factors.astype(np.float64)
        object.__setattr__(self, "by_factor", np.ascontiguousarray(self.factors.T))
        object.__setattr__(self, "gram", wide.T @ wide)
        object.__setattr__(self, "gram_inverse", np.linalg.pinv(self.gram, hermitian=True))
        object.__setattr__(self, "factor_means", wide.mean(axis=0))
        object.__setattr__(self, "crowd", standardised(np.log1p(self.popularity)))
        object.__setattr__(self, "weighted_crowd", np.float32(self.blend.popularity) * self.crowd)
        for name in (*_ARRAYS, "by_factor", "gram", "gram_inverse", "factor_means", "crowd", "weighted_crowd"):
            getattr(self, name).setflags(write=False)

    @property
    def rank(self) -> int:
        """How many factors an item has."""
        return int(self.factors.shape[1])

    def rows_of(self, movie_ids: Iterable[int] | Int64Array) -> Rows:
        """The row of each movie, -1 for a movie that the model does not know."""
        wanted = np.fromiter(movie_ids, np.int64) if not isinstance(movie_ids, np.ndarray) else movie_ids
        rows = np.searchsorted(self.item_ids, wanted)
        rows[rows == self.item_ids.size] = 0
        return np.where(self.item_ids[rows] == wanted, rows, -1)


def standardised(values: Float32Array) -> Float32Array:
    """The values with mean 0 and standard deviation 1; zeros where all are equal."""
    centred = values - values.mean(dtype=np.float64)
    spread = float(np.sqrt(np.mean(np.square(centred, dtype=np.float64))))
    if spread <= np.finfo(np.float32).eps * float(np.abs(values).max(initial=1.0)):
        return np.zeros(values.shape, dtype=np.float32)
    return np.asarray(centred / spread, dtype=np.float32)
