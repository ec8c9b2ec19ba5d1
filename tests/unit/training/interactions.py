"""Builders of interactions."""

from collections.abc import Iterable

import numpy as np

from training.matrix import Block


def a_block(cells: Iterable[tuple[int, int, float]]) -> Block:
    """Interactions of (user, movie, score)."""
    users, movies, scores = zip(*cells, strict=True)
    return Block(np.array(users), np.array(movies), np.array(scores, dtype=np.float64))


def two_tastes(people: int = 12, movies: int = 8) -> Block:
    """Even people like even movies, odd people odd ones; user 100 and movie 1000 are the first."""
    return a_block(
        (100 + user, 1000 + movie, 3.5)
        for user in range(people)
        for movie in range(movies)
        if user % 2 == movie % 2 and (user + movie) % 5
    )
