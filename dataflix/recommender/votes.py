"""Adding up what the neighbours of a whole history say: the costliest step of a list."""

from dataclasses import dataclass

import numpy as np

from dataflix.recommender.arrays import Float32Array, Float64Array, Rows
from dataflix.recommender.neighbours import Neighbours


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """A table of neighbours in rows of one length: to copy those of a history is then one step."""

    items: Rows  # [n, the longest row], as wide as an index is, which saves a conversion for each list
    weights: Float32Array  # [n, the longest row], 0 where a row is shorter

    @classmethod
    def of(cls, table: Neighbours) -> "Votes":
        """The same table."""
        lengths = np.diff(table.starts)
        there = np.arange(lengths.max(initial=0)) < lengths[:, None]
        items, weights = np.zeros(there.shape, dtype=np.intp), np.zeros(there.shape, dtype=np.float32)
        items[there], weights[there] = table.items, table.weights
        return cls(items, weights)

    def add_up(self, rows: Rows, weights: Float64Array) -> Float32Array:
        """For every item the sum of what ``rows`` say of it, each with its weight."""
        said = self.weights.take(rows, axis=0)
        said *= weights.astype(np.float32)[:, None]
        votes = np.zeros(self.items.shape[0], dtype=np.float32)
        np.add.at(votes, self.items.take(rows, axis=0).ravel(), said.ravel())
        return votes
