"""A person's factors, computed from their history when they are needed: a new rating counts at once, without training.

Training factorises the matrix X of people and items, where an empty cell is a zero, into non-negative W and H by
least squares. With H fixed, the row w of one person minimises ``||x - w H||²`` over w >= 0, which is, but for a
constant, ``w A w' - 2 b w'`` with ``A = H H'`` over all items and ``b = H x`` over the items of the history alone. A is
computed once for a model, so the zeros cost nothing (Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback
Datasets, 2008).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflix.recommender.arrays import Float64Array, Rows
from dataflix.recommender.interactions import History, Recency
from dataflix.recommender.model import ItemModel

_ROUNDING: Final = 1e-10  # of the largest target: what is smaller cannot be told from zero
_RESIDUE: Final = 1e-9
_MOST_PIVOTS: Final = 12
_MOST_ROUNDS: Final = 3  # for each coordinate; one is usual


def fold_in(model: ItemModel, history: History, recency: Recency) -> Float64Array:
    """Factors [k] of the person with this history; zeros when the model knows none of its movies."""
    rows = model.rows_of(history.movie_ids)
    weights = recency.weights(history.positions) * history.likings
    known = rows >= 0
    return fold_in_rows(model, rows[known], weights[known])


def fold_in_rows(model: ItemModel, rows: Rows, weights: Float64Array) -> Float64Array:
    """As ``fold_in``, of rows of the model and what each weighs."""
    target = weights @ model.factors[rows].astype(np.float64)
    return non_negative_least_squares(model.gram, target, model.gram_inverse @ target)


def non_negative_least_squares(
    gram: Float64Array, target: Float64Array, guess: Float64Array | None = None
) -> Float64Array:
    """The w >= 0 that minimises ``w gram w' - 2 target w'``; ``gram`` is [k, k] positive semidefinite, ``target`` [k].

    Exact: a few small linear systems by block pivoting; by the slower and always finite active set where that circles.
    The search begins with the coordinates that are positive in ``guess``: a good one saves the largest systems.
    """
    solution = _by_block_pivoting(gram, target, target if guess is None else guess)
    return solution if solution is not None else _by_active_set(gram, target)


def _by_block_pivoting(gram: Float64Array, target: Float64Array, guess: Float64Array) -> Float64Array | None:
    """Every coordinate on the wrong side changes its side at once (Kim, Park: Fast nonnegative matrix factorization,
    2011); None when some still do after a few rounds, or when a system has no single solution."""
    largest = max(float(target.max()), 0.0)
    enough = _ROUNDING * largest
    positive = (target > enough) & (guess > 0)
    for _ in range(_MOST_PIVOTS):
        solution = np.zeros(target.size)
        chosen = positive.nonzero()[0]
        try:
            solution[chosen] = np.linalg.solve(gram.take(chosen, axis=0).take(chosen, axis=1), target[chosen])
        except np.linalg.LinAlgError:
            return None
        gradient = target - gram @ solution
        wrong = np.where(positive, solution < 0, gradient > enough)
        if not wrong.any():
            # a system that is all but singular has answers that solve nothing
            return solution if (np.abs(gradient[chosen]) <= _RESIDUE * largest).all() else None
        positive ^= wrong
    return None


def _by_active_set(gram: Float64Array, target: Float64Array) -> Float64Array:
    """Bro, De Jong: A fast non-negativity-constrained least squares algorithm, 1997.

    The coordinate that promises most becomes positive, and those that this would push below zero become zero again,
    until none promises anything: about as many linear systems as the solution has positive coordinates.
    """
    solution = np.zeros(target.size)
    positive = np.zeros(target.size, dtype=np.bool_)
    gradient = target
    enough = _ROUNDING * float(np.max(target, initial=0.0))
    for _ in range(_MOST_ROUNDS * target.size):
        promise = np.where(positive, -np.inf, gradient)
        entering = int(np.argmax(promise))
        if promise[entering] <= enough:
            break
        positive[entering] = True
        solution = _least_squares_over(positive, gram, target, solution)
        if not positive[entering]:  # its promise was a rounding error
            break
        gradient = target - gram @ solution
    return solution


def _least_squares_over(
    positive: NDArray[np.bool_], gram: Float64Array, target: Float64Array, solution: Float64Array
) -> Float64Array:
    """The least squares over the ``positive`` coordinates; those that reach zero on the way leave ``positive``."""
    while True:
        chosen = np.flatnonzero(positive)
        goal = np.zeros(target.size)
        goal[chosen] = np.linalg.solve(gram[chosen[:, None], chosen], target[chosen])
        below = chosen[goal[chosen] <= 0]
        if not below.size:
            return goal
        # how far each of them can go until it is zero; the one that has just become positive is there already
        held = solution[below]
        shares = np.divide(held, held - goal[below], out=np.zeros(below.size), where=held > 0)
        solution = solution + shares.min() * (goal - solution)
        leaving = below[shares == shares.min()]
        solution[leaving] = 0.0
        positive[leaving] = False
