"""Successive halving: all candidates are tried on little data, the better half on more, the best of them on all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from dataflix.recommender.arrays import Float64Array
from training.choices import Choices
from training.evaluation.bootstrap import Interval, interval, mean_difference_of

SHARES: Final = (0.25, 0.5, 1.0)  # of the people, in each round

Score = Callable[[Choices, float], Float64Array]  # NDCG@10 of each person, where a share of the people is asked


@dataclass(slots=True, eq=False)
class Trial:
    """One candidate, and what it was worth in each round that it was in."""

    number: int
    choices: Choices
    ndcg: dict[float, float] = field(default_factory=dict)  # by share of the people
    people: Float64Array = field(default_factory=lambda: np.empty(0))  # of the last round, a value for each person


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the search found. Figures are those of the last round, on the same people."""

    trials: list[Trial]
    best: Trial
    shipped: Trial
    difference: Interval  # the best less the shipped, person by person


def search(candidates: Sequence[Choices], score: Score, tried: Callable[[Trial], None]) -> Found:
    """The best of ``candidates``, of which the first is the one that ships: it is tried in every round.

    ``tried`` is told of each trial after each of its rounds. Of equal ones the earlier is better.
    """
    trials = [Trial(number, choices) for number, choices in enumerate(candidates)]
    shipped, left = trials[0], trials
    for share in SHARES:
        for trial in left:
            trial.people = score(trial.choices, share)
            trial.ndcg[share] = float(trial.people.mean())
            tried(trial)
        left = sorted(left, key=lambda one: (-one.ndcg[share], one.number))  # sorted at once
        if share < SHARES[-1]:
            kept = left[: (len(left) + 1) // 2]
            left = kept if shipped in kept else [*kept, shipped]
    best = left[0]
    ones = np.ones(best.people.size)
    columns = np.column_stack([best.people, ones, shipped.people, ones])
    return Found(trials, best, shipped, interval(columns, mean_difference_of, shipped.choices.seed))


def rounds(count: int) -> int:
    """How many trials a search of ``count`` candidates makes in all its rounds, at most."""
    total, left = 0, count
    for _ in SHARES:
        total += left
        left = min((left + 1) // 2 + 1, left)
    return total
