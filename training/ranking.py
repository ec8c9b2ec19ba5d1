"""How well a ranking puts what people chose without its knowledge before everything else they had not seen."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflix.recommender.model import Float64Array
from training.matrix import HoldOut

DEPTH: Final = 10
MOST_PEOPLE: Final = 5_000  # more people make the mean hardly more certain
_AT_A_TIME: Final = 256  # people whose scores of all items are in memory at once

Scores = Callable[[NDArray[np.intp]], NDArray[np.float64] | NDArray[np.float32]]
"""Scores [people, items] of the people in these rows."""


def ndcg(scores: Scores, aside: HoldOut, seed: int) -> Float64Array:
    """NDCG@10 of each person with held-out items, all items they had not seen ranked; the same people for a seed."""
    relevant: dict[int, list[int]] = {}
    for row, column in zip(aside.held_rows.tolist(), aside.held_columns.tolist(), strict=True):
        relevant.setdefault(row, []).append(column)
    people = np.array(sorted(relevant), dtype=np.intp)
    if people.size > MOST_PEOPLE:
        people = np.sort(np.random.default_rng(seed).choice(people, MOST_PEOPLE, replace=False))
    results = []
    for start in range(0, people.size, _AT_A_TIME):
        rows = people[start : start + _AT_A_TIME]
        block = np.array(scores(rows), dtype=np.float64)
        for position, row in enumerate(rows.tolist()):
            seen = aside.kept.indices[aside.kept.indptr[row] : aside.kept.indptr[row + 1]]
            block[position, seen] = -np.inf
            results.append(_ndcg_of_one(block[position], np.array(relevant[row])))
    return np.array(results, dtype=np.float64)


def _ndcg_of_one(scores: Float64Array, relevant: NDArray[np.int_]) -> float:
    """Equal scores share their places: a ranking that cannot tell items apart is not lucky with their order."""
    gains = 0.0
    for column in relevant.tolist():
        better = int(np.count_nonzero(scores > scores[column]))
        equal = int(np.count_nonzero(scores == scores[column]))
        places = np.arange(better, min(better + equal, DEPTH))
        gains += float(np.sum(1.0 / np.log2(places + 2.0))) / equal
    ideal = float(np.sum(1.0 / np.log2(np.arange(min(relevant.size, DEPTH)) + 2.0)))
    return gains / ideal
