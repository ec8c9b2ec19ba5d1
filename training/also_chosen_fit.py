"""What the same people chose, whenever: EASE^R of whole histories (Steck: Embarrassingly Shallow Autoencoders, 2019).

With X the matrix of people and movies, P = (X'X + ridge I)^-1 and each column of P divided by what it has on the
diagonal, the weights are those outside the diagonal, with their sign turned. Next items know the direction and forget
what is far apart; this knows neither, and says what somebody may choose in the months to come.
"""

from typing import Final

import numpy as np
from scipy import linalg

from dataflix.recommender.arrays import Float32Array, Rows
from dataflix.recommender.neighbours import Neighbours
from training.choices import Choices
from training.interaction_log import InteractionLog
from training.item_regression import regressed_items
from training.neighbour_tables import strongest_above_zero, strongest_of_each

CELLS_AT_ONCE: Final = 4_000_000


def fit_also_chosen(log: InteractionLog, choices: Choices) -> Neighbours | None:
    """Weights above zero among the movies that many people chose; None where no movie says anything of another.

    Memory grows with the square of ``most_regressed``, whatever the size of the log.
    """
    items = regressed_items(log.popularity, choices)
    if not items.size:
        return None
    gram = _chosen_together(log, items)
    gram[np.diag_indices_from(gram)] += np.float32(choices.also_ridge)
    inverse = linalg.inv(gram, overwrite_a=True, check_finite=False)
    weights = inverse / -inverse.diagonal()
    np.fill_diagonal(weights, 0)
    table = strongest_above_zero(weights, items, log.item_ids.size, choices.neighbours)
    return strongest_of_each(table, choices.neighbours) if table.nnz else None


def _chosen_together(log: InteractionLog, items: Rows) -> Float32Array:
    """How many people chose both, of each two of ``items``; a block of people at a time."""
    number = np.full(log.item_ids.size, -1, dtype=np.int64)
    number[items] = np.arange(items.size)
    columns, starts = number[log.items], log.starts
    together = np.zeros((items.size, items.size), dtype=np.float32)
    block = max(1, CELLS_AT_ONCE // items.size)
    for first in range(0, log.user_ids.size, block):
        last = min(first + block, log.user_ids.size)
        part = slice(starts[first], starts[last])
        there = columns[part] >= 0
        chosen = np.zeros((last - first, items.size), dtype=np.float32)
        chosen[log.users[part][there] - first, columns[part][there]] = 1
        together += chosen.T @ chosen
    return together
