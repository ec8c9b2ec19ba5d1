"""Made-up interactions by the million, to measure what a training of that size takes."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from training.interaction_log import Block

PEOPLE_AT_ONCE: Final = 5_000
GROUPS: Final = 20  # of people with a taste in common
OWN_TASTE: Final = 0.5  # share of what somebody chooses by the taste of their group, and not because everybody does
POPULARITY_SLOPE: Final = 0.9
ACTIVITY_SPREAD: Final = 1.0
DECADE_US: Final = 10 * 365 * 86_400 * 1_000_000


def synthetic_blocks(rows: int, people: int, movies: int, seed: int) -> Iterator[Block]:
    """About ``rows`` interactions (a little fewer: nobody chooses a movie twice), a block of people at a time.

    Few movies and few people have most of them. Deterministic for a seed.
    """
    draws = np.random.default_rng(seed)
    met = np.cumsum(np.arange(1, movies + 1) ** -POPULARITY_SLOPE)
    met /= met[-1]
    taste = np.stack([draws.permutation(movies) for _ in range(GROUPS)])  # the order in which a group likes movies
    activity = draws.lognormal(sigma=ACTIVITY_SPREAD, size=people)
    counts = np.maximum(np.rint(activity * rows / activity.sum()).astype(np.int64), 2)
    for first in range(0, people, PEOPLE_AT_ONCE):
        each = np.arange(first, min(first + PEOPLE_AT_ONCE, people))
        users = np.repeat(each, np.minimum(counts[each], movies))
        ranks = np.minimum(np.searchsorted(met, draws.random(users.size)), movies - 1)
        chosen = np.where(draws.random(users.size) < OWN_TASTE, taste[users % GROUPS, ranks], ranks)
        pairs = np.unique(users * movies + chosen)
        stars = draws.integers(1, 11, size=pairs.size) / 2
        moments = draws.integers(0, DECADE_US, size=pairs.size)
        yield Block(pairs // movies + 1, pairs % movies + 1, (0.7 * stars).round(2), stars, moments)
