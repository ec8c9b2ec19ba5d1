"""Fitting what predicts stars: biases, and factors of what they leave over. Only what was rated counts."""

import numpy as np

from dataflix.recommender.arrays import Float32Array, Float64Array, Int64Array, Rows
from dataflix.recommender.stars import StarModel
from training.choices import Choices
from training.interaction_log import InteractionLog

SWEEPS = 8
SMALLEST_START = 0.1  # standard deviation of the factors that the fit begins with


def fit_stars(log: InteractionLog, choices: Choices) -> StarModel | None:
    """Biases by shrunk means in turn, factors by alternating ridge regressions; None when nothing was rated."""
    rated = np.flatnonzero(~np.isnan(log.stars))
    if not rated.size:
        return None
    users, items, stars = log.users[rated], log.items[rated], log.stars[rated].astype(np.float64)
    mean = float(stars.mean())
    item_bias, user_bias = np.zeros(log.item_ids.size), np.zeros(log.user_ids.size)
    for _ in range(SWEEPS):
        item_bias = _shrunk_means(items, stars - mean - user_bias[users], item_bias.size, choices.item_shrinkage)
        user_bias = _shrunk_means(users, stars - mean - item_bias[items], user_bias.size, choices.person_shrinkage)
    left = stars - mean - item_bias[items] - user_bias[users]
    factors = _item_factors(users, items, left, (user_bias.size, item_bias.size), choices)
    return StarModel(mean, item_bias.astype(np.float32), factors, choices.person_shrinkage, choices.star_ridge)


def _shrunk_means(groups: Rows, values: Float64Array, count: int, shrinkage: float) -> Float64Array:
    sums, sizes = np.bincount(groups, weights=values, minlength=count), np.bincount(groups, minlength=count)
    return np.asarray(sums / np.maximum(sizes + shrinkage, np.finfo(np.float64).tiny))


def _item_factors(
    users: Rows, items: Rows, values: Float64Array, shape: tuple[int, int], choices: Choices
) -> Float32Array:
    """Item factors [items, q] whose products with people's factors come near the values."""
    rank = choices.star_factors
    if not rank:
        return np.zeros((shape[1], 0), dtype=np.float32)
    draws = np.random.default_rng(choices.seed)
    item_factors = draws.normal(scale=SMALLEST_START, size=(shape[1], rank))
    by_user, by_item = np.argsort(users, kind="stable"), np.argsort(items, kind="stable")
    user_ends, item_ends = _ends(users, shape[0]), _ends(items, shape[1])
    for _ in range(SWEEPS):
        user_factors = _ridges(item_factors, items[by_user], values[by_user], user_ends, choices.star_ridge)
        item_factors = _ridges(user_factors, users[by_item], values[by_item], item_ends, choices.star_ridge)
    return item_factors.astype(np.float32)


def _ends(groups: Rows, count: int) -> Int64Array:
    return np.cumsum(np.bincount(groups, minlength=count))


def _ridges(others: Float64Array, columns: Rows, values: Float64Array, ends: Int64Array, ridge: float) -> Float64Array:
    """For each group the ridge regression of its values on the factors of its columns."""
    fitted = np.zeros((ends.size, others.shape[1]))
    pull = ridge * np.eye(others.shape[1])
    begin = 0
    for group, end in enumerate(ends.tolist()):
        if end > begin:
            mine = others[columns[begin:end]]
            fitted[group] = np.linalg.solve(mine.T @ mine + pull, mine.T @ values[begin:end])
        begin = end
    return fitted
