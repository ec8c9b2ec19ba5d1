"""The matrix of people and items that a model is fitted to: sparse from the first block to the last."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dataflix.recommender.model import Float32Array, Float64Array, Int64Array
from training.errors import UnfitData

Cells = sparse.csr_array[np.float32, tuple[int, int]]

FEWEST_PEOPLE = 2
FEWEST_ITEMS = 2


class Block(NamedTuple):
    """A run of interactions as columns of equal length."""

    user_ids: Int64Array
    movie_ids: Int64Array
    scores: Float64Array


@dataclass(frozen=True, slots=True, eq=False)
class InteractionMatrix:
    """Who chose what how strongly. A cell that is not stored is a zero: no interaction."""

    user_ids: Int64Array  # [users], ascending: the rows
    item_ids: Int64Array  # [items], ascending: the columns
    cells: Cells  # float32 interaction scores

    @property
    def sparsity(self) -> float:
        """The share of cells without an interaction, from 0 to 1."""
        return 1.0 - self.cells.nnz / (self.user_ids.size * self.item_ids.size)

    @property
    def popularity(self) -> Float32Array:
        """How many people interacted with each item."""
        return np.bincount(self.cells.indices, minlength=self.item_ids.size).astype(np.float32)


class HoldOut(NamedTuple):
    """A matrix in two parts that add up to the whole; ``held`` lists the cells that the fit does not see."""

    kept: Cells
    held_rows: NDArray[np.intp]
    held_columns: NDArray[np.intp]
    held_scores: Float32Array


def build_matrix(blocks: Iterable[Block]) -> InteractionMatrix:
    """One matrix of all blocks, whatever their order.

    Raises UnfitData for fewer than two people or items, for scores that are not positive numbers, and for two
    interactions of one person with one item.
    """
    parts = list(blocks)
    users = np.concatenate([np.empty(0, np.int64), *(part.user_ids for part in parts)])
    movies = np.concatenate([np.empty(0, np.int64), *(part.movie_ids for part in parts)])
    scores = np.concatenate([np.empty(0, np.float64), *(part.scores for part in parts)])
    user_ids, rows = np.unique(users, return_inverse=True)
    item_ids, columns = np.unique(movies, return_inverse=True)
    if user_ids.size < FEWEST_PEOPLE or item_ids.size < FEWEST_ITEMS:
        raise UnfitData(
            f"There are interactions of {user_ids.size} people with {item_ids.size} movies, and a model needs at least "
            f"{FEWEST_PEOPLE} people and {FEWEST_ITEMS} movies: load or import data, run dbt, then train again."
        )
    if not np.isfinite(scores).all() or np.any(scores <= 0):
        raise UnfitData("There are interaction scores that are not above zero: see the dbt tests of the matrix.")
    cells = sparse.coo_array((scores.astype(np.float32), (rows, columns)), shape=(user_ids.size, item_ids.size)).tocsr()
    if cells.nnz != scores.size:
        raise UnfitData(
            f"{scores.size - cells.nnz} interactions are not the only one of their person with their movie: "
            "see the dbt tests of the matrix."
        )
    return InteractionMatrix(user_ids, item_ids, cells)


def hold_out(matrix: InteractionMatrix, share: float, seed: int) -> HoldOut:
    """Put each cell aside with probability ``share``; every person keeps at least one."""
    cells = matrix.cells
    draws = np.random.default_rng(seed).random(cells.nnz)
    per_user = np.diff(cells.indptr)
    # each row has a cell, or its person would not be in the matrix
    last_to_go = np.repeat(np.maximum.reduceat(draws, cells.indptr[:-1]), per_user)
    held = (draws < share) & (draws != last_to_go)
    rows = np.repeat(np.arange(matrix.user_ids.size), per_user)
    kept = sparse.csr_array(
        (cells.data[~held], (rows[~held], cells.indices[~held])), shape=cells.shape, dtype=np.float32
    )
    return HoldOut(kept, rows[held], cells.indices[held].astype(np.intp), cells.data[held])
