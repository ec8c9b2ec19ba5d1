"""Non-negative matrix factorisation, and how far its estimates are from cells that it did not see."""

import time
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from dataflix.recommender.model import Float32Array, ItemModel
from training.choices import Choices
from training.matrix import Cells, HoldOut, InteractionMatrix


@dataclass(frozen=True, slots=True, eq=False)
class Factorisation:
    """The two factors whose product estimates the matrix."""

    people: Float32Array  # [users, k]
    items: Float32Array  # [items, k]
    iterations: int
    converged: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class CellErrors:
    """Errors of the estimates of held-out cells, in units of the interaction score."""

    cells: int
    rmse: float
    mae: float


def factorise(cells: Cells, choices: Choices) -> Factorisation:
    """Fit W, H >= 0 to ``cells`` by least squares, empty cells counting as zeros. Deterministic for a seed."""
    model = NMF(n_components=choices.n_components, max_iter=choices.max_iter, random_state=choices.seed)
    began = time.perf_counter()
    # a perfect fit makes scikit-learn take the root of a rounding error below zero, for a number that nobody reads
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        # an early end is reported as `converged`, and is no trouble for the recommendations
        warnings.simplefilter("ignore", ConvergenceWarning)
        people = model.fit_transform(cells)
    return Factorisation(
        people=people.astype(np.float32),
        items=np.ascontiguousarray(model.components_.T, dtype=np.float32),
        iterations=int(model.n_iter_),
        converged=bool(model.n_iter_ < choices.max_iter),
        seconds=time.perf_counter() - began,
    )


def held_out_errors(fitted: Factorisation, aside: HoldOut) -> CellErrors | None:
    """RMSE and MAE over the cells put aside; None when there are none."""
    if not aside.held_scores.size:
        return None
    estimates = np.einsum("ij,ij->i", fitted.people[aside.held_rows], fitted.items[aside.held_columns])
    errors = estimates.astype(np.float64) - aside.held_scores
    return CellErrors(cells=errors.size, rmse=float(np.sqrt(np.mean(errors**2))), mae=float(np.mean(np.abs(errors))))


def item_model(matrix: InteractionMatrix, fitted: Factorisation) -> ItemModel:
    """What serving needs of a fit to the whole matrix: the items. People are folded in when they ask.

    How a product is shared between its two factors is arbitrary. Here each factor has length one over all items, so
    that a fold-in is equally exact in all of them.
    """
    lengths = np.linalg.norm(fitted.items, axis=0)
    factors = np.divide(fitted.items, lengths, out=np.zeros_like(fitted.items), where=lengths > 0)
    return ItemModel(matrix.item_ids, factors, matrix.popularity)
