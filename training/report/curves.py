"""What the plots of a version show, computed from what it answered on the held-out split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflix.recommender.arrays import Float64Array, Int64Array
from training.evaluation.metrics import CUT
from training.evaluation.people import Answers
from training.interaction_log import InteractionLog
from training.splits import Asked

TENTHS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class ByRank:
    """Means over people of the first 1, 2, … ``CUT`` of each list."""

    ndcg: Float64Array
    recall: Float64Array


def by_rank(answers: Answers, people: Sequence[Asked]) -> ByRank:
    """How good the lists are as far as somebody reads them."""
    discounts = 1 / np.log2(np.arange(CUT) + 2)
    hits = np.zeros((len(people), CUT))
    for row, shown, one in zip(hits, answers.shown, people, strict=True):
        row[: shown.size] = np.isin(shown, one.movie_ids)
    relevant = np.array([one.movie_ids.size for one in people])
    best = np.cumsum(np.where(np.arange(CUT) < relevant[:, None], discounts, 0.0), axis=1)
    ndcg = np.cumsum(hits * discounts, axis=1) / best
    return ByRank(ndcg.mean(axis=0), (np.cumsum(hits, axis=1) / relevant[:, None]).mean(axis=0))


def tenths_of(log: InteractionLog) -> Int64Array:
    """For each movie the tenth of the movies that it is in, 0 for the most popular ones; equal ones by id."""
    order = np.argsort(-log.popularity, kind="stable")
    tenths = np.empty(order.size, dtype=np.int64)
    tenths[order] = np.arange(order.size) * TENTHS // order.size
    return tenths


def chosen_by_tenth(log: InteractionLog) -> Float64Array:
    """The share of interactions with the movies of each tenth."""
    return _shares(tenths_of(log)[log.items])


def shown_by_tenth(answers: Answers, log: InteractionLog) -> Float64Array:
    """The share of places in the lists that the movies of each tenth have."""
    shown = np.concatenate([np.empty(0, np.int64), *answers.shown])
    return _shares(tenths_of(log)[np.searchsorted(log.item_ids, shown)])


def _shares(tenths: Int64Array) -> Float64Array:
    return np.bincount(tenths, minlength=TENTHS) / max(tenths.size, 1)
