"""What comes next, regressed on what was chosen around it: a neighbour that another one explains says less.

Counts of pairs say the same thing as often as there are movies that say it: who has seen two parts of a series is told
twice of the third. Ridge regression takes that apart. With P the sums over pairs in the order in which they were
chosen, the weights are ``(P + P' + D + ridge I)^-1 (P + backward P')``, with D what each movie has with itself. Were
there no order (``backward`` 1), that would be EASE^R of windows instead of whole histories (Steck, 2019).
"""

from typing import Final

import numpy as np
from scipy import linalg

from dataflix.recommender.arrays import Float32Array, Float64Array, Rows
from training.choices import Choices
from training.interaction_log import InteractionLog
from training.neighbour_tables import Table, strongest_above_zero
from training.pair_sums import pair_weight, places_of

PAIRS_AT_ONCE: Final = 4_000_000


def regress_next_items(log: InteractionLog, choices: Choices) -> Table:
    """Weights above zero, a row for each movie that explains and a column for each that is explained, [items, items].

    Among the movies that enough people chose, and of these the most chosen ones: the others have empty rows. Memory
    grows with the square of ``most_regressed``, whatever the size of the log.
    """
    items = regressed_items(log.popularity, choices)
    if not items.size:
        return strongest_above_zero(np.zeros((0, 0), dtype=np.float32), items, log.item_ids.size, choices.neighbours)
    forward = _forward_sums(log, items, choices)
    gram = forward + forward.T
    alone = log.popularity[items] * np.float32(2.0 ** (1 / choices.pair_half_life))  # no place apart
    gram[np.diag_indices_from(gram)] += alone + np.float32(choices.next_ridge)
    forward += np.float32(choices.backward) * forward.T
    weights = linalg.solve(gram, forward, assume_a="pos", overwrite_a=True, overwrite_b=True, check_finite=False)
    return strongest_above_zero(weights, items, log.item_ids.size, choices.neighbours)


def regressed_items(popularity: Float32Array, choices: Choices) -> Rows:
    """The movies that take part, ascending; of equally chosen ones at the edge the first."""
    enough = np.flatnonzero(popularity >= choices.fewest_regressed)
    most = enough[np.argsort(-popularity[enough], kind="stable")[: choices.most_regressed]]
    return np.sort(most)


def _forward_sums(log: InteractionLog, items: Rows, choices: Choices) -> Float32Array:
    """How much each of ``items`` came before each other one; of a tied pair half counts as either."""
    number = np.full(log.item_ids.size, -1, dtype=np.int64)
    number[items] = np.arange(items.size)
    numbers, places = number[log.items], places_of(log)
    sums = np.zeros(items.size**2)
    block = max(1, PAIRS_AT_ONCE // choices.reach)
    for begin in range(0, len(log), block):
        cells, weights = _pairs(log, numbers, places, np.arange(begin, min(begin + block, len(log))), choices)
        sums += np.bincount(cells, weights=weights, minlength=sums.size)
    return sums.reshape(items.size, items.size).astype(np.float32)


def _pairs(
    log: InteractionLog, numbers: Rows, places: Float64Array, chosen: Rows, choices: Choices
) -> tuple[Rows, Float64Array]:
    """Cells of ``chosen`` and what came up to ``reach`` places later, and what each is worth."""
    count = int(numbers.max()) + 1
    chosen = chosen[numbers[chosen] >= 0]
    cells, weights = [], []
    for step in range(1, choices.reach + 1):
        here = chosen[chosen + step < len(log)]
        there = here + step
        together = (log.users[here] == log.users[there]) & (numbers[there] >= 0)
        here, there = here[together], there[together]
        apart = places[there] - places[here]
        worth = pair_weight(apart, choices)
        tied = apart == 0
        cells += [numbers[here] * count + numbers[there], numbers[there[tied]] * count + numbers[here[tied]]]
        weights += [np.where(tied, worth / 2, worth), worth[tied] / 2]
    return np.concatenate(cells), np.concatenate(weights)
