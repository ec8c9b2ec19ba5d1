"""How sure a figure is: people are drawn again and again, with replacement, and the figure computed of each draw."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from dataflix.recommender.arrays import Float64Array

DRAWS: Final = 2000
LOWER, UPPER = 2.5, 97.5  # percentiles: of a hundred intervals, 95 hold the figure
AT_ONCE: Final = 200


class Interval(NamedTuple):
    """A figure and its 95% bootstrap interval."""

    value: float
    lower: float
    upper: float


Statistic = Callable[[Float64Array], Float64Array]  # sums over people [draws, columns] to figures [draws]


def mean_of(sums: Float64Array) -> Float64Array:
    """Columns: the value of a person, 1."""
    return np.asarray(sums[:, 0] / sums[:, 1])


def root_mean_of(sums: Float64Array) -> Float64Array:
    """Columns: the sum of a person's squares, how many they are."""
    return np.sqrt(mean_of(sums))


def mean_difference_of(sums: Float64Array) -> Float64Array:
    """Columns: sum and number of one, sum and number of the other."""
    return mean_of(sums[:, :2]) - mean_of(sums[:, 2:])


def root_mean_difference_of(sums: Float64Array) -> Float64Array:
    """As ``mean_difference_of``, of the roots."""
    return root_mean_of(sums[:, :2]) - root_mean_of(sums[:, 2:])


def interval(people: Float64Array, statistic: Statistic, seed: int) -> Interval:
    """The figure of all people and its interval. ``people`` is [people, columns]; the same seed draws the same people,
    so that two recommenders are compared on the same draws."""
    value = float(statistic(people.sum(axis=0, keepdims=True))[0])
    random = np.random.default_rng(seed)
    shares = np.full(len(people), 1 / len(people))
    figures = [
        statistic(random.multinomial(len(people), shares, size=min(AT_ONCE, DRAWS - done)) @ people)
        for done in range(0, DRAWS, AT_ONCE)
    ]
    lower, upper = np.percentile(np.concatenate(figures), [LOWER, UPPER])
    return Interval(value, float(lower), float(upper))
