"""From what movies say of movies to tables that keep the strongest of it."""

import numpy as np
from scipy import sparse

from dataflix.recommender.arrays import Float32Array, Rows
from dataflix.recommender.neighbours import Neighbours

Table = sparse.csr_array[np.float32, tuple[int, int]]


def strongest_above_zero(weights: Float32Array, items: Rows, count: int, most: int) -> Table:
    """The highest weights above zero of each row, which is one of ``items``, among all ``count`` items."""
    if most < items.size:
        edge = np.partition(weights, items.size - most, axis=1)[:, items.size - most]
        weights[weights < edge[:, None]] = 0
    rows, columns = np.nonzero(weights > 0)
    cells = (weights[rows, columns], (items[rows], items[columns]))
    return sparse.coo_array(cells, shape=(count, count)).tocsr()


def strongest_of_each(table: Table, most: int) -> Neighbours:
    """The strongest of each row, in ascending order; the largest weight of all is 1."""
    counts = np.diff(table.indptr)
    rows = np.repeat(np.arange(counts.size), counts)
    order = np.lexsort((table.indices, -table.data, rows))
    kept = np.sort(order[np.arange(order.size) - np.repeat(table.indptr[:-1], counts) < most])
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(rows[kept], minlength=counts.size))])
    weights = table.data[kept]
    largest = weights.max(initial=0.0) or np.float32(1.0)
    return Neighbours(starts, table.indices[kept].astype(np.int32), (weights / largest).astype(np.float32))
