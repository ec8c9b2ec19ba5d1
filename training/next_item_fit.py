"""What follows what: who chose this went on to that, counted, and regressed on what else was chosen around it."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from dataflix.recommender.arrays import Float64Array, Int64Array, Rows
from dataflix.recommender.neighbours import Neighbours
from training.choices import Choices
from training.interaction_log import InteractionLog
from training.item_regression import regress_next_items
from training.neighbour_tables import Table, strongest_of_each
from training.pair_sums import pair_weight, places_of

LARGEST_BLOCK = 4_000_000  # cells and pairs that are held at once


def fit_next_items(log: InteractionLog, choices: Choices) -> Neighbours:
    """For each item its strongest successors: by counts and, for movies that many people chose, by regression too.

    The two are added, the regression as ``regression_weight`` times what the counts say in all, and raised to the power
    of ``vote_exponent``.
    The largest weight is 1.
    """
    counted = count_next_items(log, choices)
    regressed = regress_next_items(log, choices) if choices.regression_weight else None
    both = counted
    if regressed is not None and regressed.nnz:
        explaining = np.diff(regressed.indptr) > 0
        said = float(np.repeat(explaining, np.diff(counted.indptr)) @ counted.data)
        both = counted + regressed * np.float32(choices.regression_weight * said / float(regressed.sum()))
        both.sort_indices()
    both.data **= np.float32(choices.vote_exponent)
    return strongest_of_each(both, choices.neighbours)


class _Order(NamedTuple):
    """Where each interaction stands in its person's history, and where each history begins and ends in the log."""

    places: Float64Array
    starts: Int64Array


def count_next_items(log: InteractionLog, choices: Choices) -> Table:
    """For each item who went on from it to which others.

    Two interactions of one person that are d places apart count ``2 ** (-(d - 1) / pair_half_life)``, backwards as
    much less as ``backward`` says, and of one moment the mean of both. The sums are divided by powers of the popularity
    of both items, or the popular ones would follow everything. A block of items at a time, so memory is bounded.
    """
    popularity = log.popularity.astype(np.float64) + choices.damping
    order = _Order(places_of(log), log.starts)
    by_item = np.argsort(log.items, kind="stable")  # the interactions of each item
    ends = np.cumsum(np.bincount(log.items, minlength=log.item_ids.size))
    target_weight = popularity**-choices.target_exponent
    counts, items, weights = [np.zeros(1, np.int64)], [], []
    for first, last in _blocks(ends, log.item_ids.size, 2 * choices.reach):
        chosen = by_item[(ends[first - 1] if first else 0) : ends[last - 1]]
        sums = _pair_sums(log, order, chosen, first, last, choices)
        sums *= (popularity[first:last] ** -choices.source_exponent)[:, None] * target_weight
        for row in sums:
            kept = _strongest(row, choices.neighbours)
            counts.append(np.array([kept.size]))
            items.append(kept.astype(np.int32))
            weights.append(row[kept].astype(np.float32))
    cells = (np.concatenate(weights), np.concatenate(items), np.cumsum(np.concatenate(counts)))
    return sparse.csr_array(cells, shape=(log.item_ids.size, log.item_ids.size))


def _blocks(ends: Rows, items: int, pairs_each: int) -> list[tuple[int, int]]:
    """Runs of items that have so few cells and so few pairs that they can be counted at once."""
    blocks, first = [], 0
    most_rows, most_interactions = max(1, LARGEST_BLOCK // items), LARGEST_BLOCK // pairs_each
    while first < items:
        begin = ends[first - 1] if first else 0
        last = int(np.searchsorted(ends, begin + most_interactions, side="right"))
        last = min(max(last, first + 1), first + most_rows, items)
        blocks.append((first, last))
        first = last
    return blocks


def _pair_sums(
    log: InteractionLog, order: _Order, chosen: Rows, first: int, last: int, choices: Choices
) -> Float64Array:
    """The sums of the items ``first`` up to ``last``, whose interactions are ``chosen``, with every item."""
    own_place, own_row = order.places[chosen], (log.items[chosen] - first) * log.item_ids.size
    begin, end = order.starts[log.users[chosen]], order.starts[log.users[chosen] + 1]
    cells, weights = [], []
    for step in (*range(-choices.reach, 0), *range(1, choices.reach + 1)):
        other = chosen + step
        same_person = (begin <= other) & (other < end)
        other = other[same_person]
        ahead = order.places[other] - own_place[same_person]
        direction = np.where(ahead == 0, (1.0 + choices.backward) / 2, 1.0 if step > 0 else choices.backward)
        cells.append(own_row[same_person] + log.items[other])
        weights.append(direction * pair_weight(ahead, choices))
    shape = (last - first, log.item_ids.size)
    sums = np.bincount(np.concatenate(cells), weights=np.concatenate(weights), minlength=shape[0] * shape[1])
    return sums.reshape(shape).astype(np.float64, copy=False)


def _strongest(row: Float64Array, most: int) -> Rows:
    """Where the highest numbers above zero stand, ascending; of equal ones at the edge the first ones."""
    there = np.flatnonzero(row > 0)  # of booleans it is found much faster
    if there.size <= most:
        return there
    return np.sort(there[np.argsort(-row[there], kind="stable")[:most]])
