"""Asking a recommender about everybody of a split: all unseen items ranked for each, and stars where it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from dataflix.recommender.arrays import Float64Array, Int64Array
from dataflix.recommender.interactions import History
from training.evaluation.metrics import CUT, ranking_metrics
from training.splits import Asked

EVERYTHING: Final = 2**31 - 1


class Recommender(Protocol):
    """What is measured. It knows the training part alone."""

    def rank(self, user_id: int, history: History, limit: int) -> Int64Array:
        """The first ``limit`` of the training items that are not in the person's history, best first."""
        ...

    def stars(self, user_id: int, history: History, movie_ids: Int64Array) -> Float64Array:
        """What the person would give to each movie, 0.5 to 5.0; NaN where the recommender predicts no stars."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What came of it, a row for each person that was asked."""

    ndcg: Float64Array
    recall: Float64Array
    reciprocal_rank: Float64Array
    shown: list[Int64Array]  # the first ten
    errors: list[Float64Array]  # predicted minus given stars

    def star_errors(self) -> Float64Array:
        """Of all people."""
        return np.concatenate([np.empty(0), *self.errors])

    def coverage(self, items: int) -> float:
        """The share of ``items`` that somebody is shown."""
        return float(np.unique(np.concatenate([np.empty(0, np.int64), *self.shown])).size / items)


def ask(recommender: Recommender, people: Sequence[Asked], limit: int = EVERYTHING) -> Answers:
    """The answers of ``recommender`` for everybody; with a ``limit``, what is found beyond it counts as missed."""
    metrics, shown, errors = [], [], []
    for one in people:
        ranked = recommender.rank(one.user_id, one.history, limit)
        metrics.append(ranking_metrics(ranked, one.movie_ids))
        shown.append(ranked[:CUT])
        missed = recommender.stars(one.user_id, one.history, one.movie_ids) - one.stars
        errors.append(missed[~np.isnan(missed)])
    ndcg, recall, reciprocal_rank = np.array(metrics, dtype=np.float64).reshape(-1, 3).T
    return Answers(ndcg, recall, reciprocal_rank, shown, errors)
