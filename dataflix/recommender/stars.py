"""How many stars a person would give: what movies get, what the person gives, and what the two have in common.

Like the factors of the ranking, a person's part is computed from their history when it is needed: how far above or
below the movies' own level they rate, and by ridge regression what their deviations have in common with the movies'.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflix.recommender.arrays import Float32Array, Float64Array, Rows
from dataflix.recommender.validity import InvalidModel, check_kinds, check_numbers

LOWEST_STARS: Final = 0.5
HIGHEST_STARS: Final = 5.0
_ARRAYS: Final = {"item_bias": (np.float32, 1), "factors": (np.float32, 2)}


@dataclass(frozen=True, slots=True, eq=False)
class StarModel:
    """Stars = mean + what the item deviates + what the person deviates + person factors * item factors."""

    mean: float  # stars, over all ratings
    item_bias: Float32Array  # [n], stars
    factors: Float32Array  # [n, q]; no columns: biases alone
    person_shrinkage: float  # as many ratings at the mean are added to a person's own
    ridge: float  # pulls a person's factors to zero, the more the fewer they rated

    def check(self, rows: int) -> None:
        """Raise InvalidModel unless this is of a model with that many items. The arrays become read-only."""
        check_kinds(self, _ARRAYS)
        if self.item_bias.size != rows or self.factors.shape[0] != rows:
            raise InvalidModel("What predicts stars does not fit the items of the model: train a new model.")
        check_numbers(self, _ARRAYS)
        if not np.isfinite((self.mean, self.person_shrinkage, self.ridge)).all() or min(self.ridge, self.mean) <= 0:
            raise InvalidModel("What predicts stars holds numbers that are not above zero: train a new model.")
        for name in _ARRAYS:
            getattr(self, name).setflags(write=False)

    def predict(self, rated: Rows, stars: Float64Array, wanted: Rows) -> Float64Array:
        """Stars, 0.5 to 5.0, that who gave ``stars`` to the rows ``rated`` would give to ``wanted``; -1 is no item."""
        known = rated >= 0
        rows, given = rated[known], stars[known]
        unknown = stars[~known] - self.mean
        deviations = given - self.mean - self.item_bias[rows]
        person = (deviations.sum() + unknown.sum()) / (stars.size + self.person_shrinkage)
        estimates = np.full(wanted.size, self.mean + person)
        there = wanted >= 0
        estimates[there] += self.item_bias[wanted[there]]
        if rows.size and self.factors.shape[1]:
            mine = self.factors[rows].astype(np.float64)
            ridge = self.ridge * np.eye(mine.shape[1])
            factors = np.linalg.solve(mine.T @ mine + ridge, mine.T @ (deviations - person))
            estimates[there] += self.factors[wanted[there]] @ factors
        return np.asarray(np.clip(estimates, LOWEST_STARS, HIGHEST_STARS))
