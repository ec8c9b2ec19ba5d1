"""Builders of interactions."""

from collections.abc import Iterable

import numpy as np

from training.interaction_log import Block


def a_block(cells: Iterable[tuple[int, int, float]]) -> Block:
    """Ratings of (user, movie, score), in an order that differs from person to person."""
    users, movies, scores = zip(*cells, strict=True)
    weights = np.array(scores, dtype=np.float64)
    moments = np.array(
        [(user * 104_729 + movie * 7_919) % 1_000_003 for user, movie in zip(users, movies, strict=True)]
    )
    return Block(np.array(users), np.array(movies), weights, weights / 0.7, moments)


def two_tastes(people: int = 12, movies: int = 8) -> Block:
    """Even people like even movies, odd people odd ones; user 100 and movie 1000 are the first."""
    return a_block(
        (100 + user, 1000 + movie, 3.5)
        for user in range(people)
        for movie in range(movies)
        if user % 2 == movie % 2 and (user + movie) % 5
    )
