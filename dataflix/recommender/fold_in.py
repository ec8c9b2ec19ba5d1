"""A person's factors, computed from their history when they are needed: a new rating counts at once, without training.

Training factorises the matrix X of people and items, where an empty cell is a zero, into non-negative W and H by
least squares. With H fixed, the row w of one person minimises ``||x - w H||²`` over w >= 0, which is, but for a
constant, ``w A w' - 2 b w'`` with ``A = H H'`` over all items and ``b = H x`` over the items of the history alone. A is
computed once for a model, so the zeros cost nothing (Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback
Datasets, 2008).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflix.recommender.interactions import Interaction
from dataflix.recommender.model import Float64Array, ItemModel


@dataclass(frozen=True, slots=True)
class Recency:
    """How much less older interactions weigh: ``max(floor, 2 ** (-position / half_life))``, position 0 the newest."""

    half_life: float  # interactions until the weight has halved
    floor: float  # no interaction weighs less

    def weights(self, count: int) -> Float64Array:
        """Weights of ``count`` interactions, newest first."""
        return np.maximum(self.floor, np.exp2(-np.arange(count) / self.half_life))


EVEN: Final = Recency(half_life=1.0, floor=1.0)
# Chosen by leave-last-out on MovieLens latest-small: NDCG@10 .034 at ten factors, where EVEN reaches .029.
NEWEST_FIRST: Final = Recency(half_life=3.0, floor=0.05)


def newest_first(history: Iterable[Interaction]) -> list[Interaction]:
    """The history in the order that ``Recency`` counts; interactions of one moment are ordered by movie."""
    return sorted(history, key=lambda one: (-one.at, one.movie_id))


def fold_in(model: ItemModel, history: Iterable[Interaction], recency: Recency = NEWEST_FIRST) -> Float64Array:
    """Factors [k] of the person with this history; zeros when the model knows none of its movies."""
    ordered = newest_first(history)
    rows = model.rows_of(one.movie_id for one in ordered)
    scores = np.array([one.score for one in ordered], dtype=np.float64) * recency.weights(len(ordered))
    known = rows >= 0
    target = scores[known] @ model.factors[rows[known]].astype(np.float64)
    return non_negative_least_squares(model.gram, target)


def non_negative_least_squares(
    gram: Float64Array, target: Float64Array, *, tolerance: float = 1e-6, max_sweeps: int = 500
) -> Float64Array:
    """The w >= 0 that minimises ``w gram w' - 2 target w'``; ``gram`` is [k, k] positive semidefinite, ``target`` [k].

    Coordinate descent that keeps the gradient up to date (Franc, Hlavac, Navara: Sequential Coordinate-Wise Algorithm
    for the Non-negative Least Squares Problem, 2005). It ends when no coordinate could gain: the gradient is zero where
    w is positive and not negative elsewhere, within ``tolerance`` of the largest target.
    """
    # Plain lists: at ten to a few dozen factors they are faster than calls into numpy.
    rows = gram.tolist()
    gradient = (-target).tolist()
    solution = [0.0] * len(rows)
    enough = tolerance * float(np.max(np.abs(target), initial=0.0))
    for _ in range(max_sweeps):
        largest = 0.0
        for index, row in enumerate(rows):
            curvature = row[index]
            if curvature <= 0.0:
                continue
            step = max(-solution[index], -gradient[index] / curvature)
            if step:
                solution[index] += step
                gradient = [slope + step * weight for slope, weight in zip(gradient, row, strict=True)]
                largest = max(largest, abs(step) * curvature)
        if largest <= enough:
            break
    return np.array(solution)
