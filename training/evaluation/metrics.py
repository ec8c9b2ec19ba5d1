"""How good a ranking is for one person."""

from typing import Final, NamedTuple

import numpy as np

from dataflix.recommender.arrays import Int64Array

CUT: Final = 10  # what is shown
DISCOUNTS: Final = 1 / np.log2(np.arange(CUT) + 2)  # what a hit counts at each place


class RankingMetrics(NamedTuple):
    """What one person's ranking is worth, each from 0 to 1."""

    ndcg: float  # of the first ten
    recall: float  # share of the relevant items among the first ten
    reciprocal_rank: float  # of the first relevant item in the whole ranking; 0 where none is in it


def ranking_metrics(ranked: Int64Array, relevant: Int64Array) -> RankingMetrics:
    """Metrics of ``ranked``, best first, against the ``relevant`` items, of which there is at least one.

    A relevant item that is not ranked is missed. All of them count the same, and the best possible ranking shows as
    many as fit, ranked or not.
    """
    hits = np.flatnonzero(np.isin(ranked, relevant))
    shown = hits[hits < CUT]
    return RankingMetrics(
        ndcg=float(DISCOUNTS[shown].sum() / DISCOUNTS[: relevant.size].sum()),
        recall=shown.size / relevant.size,
        reciprocal_rank=1 / (int(hits[0]) + 1) if hits.size else 0.0,
    )
