"""One training from the interactions to a model: measured on cells put aside, fitted to all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataflix.recommender import ItemModel
from dataflix.recommender.model import Float32Array, Float64Array
from training.choices import Choices
from training.factorisation import Factorisation, factorise, held_out_errors, item_model
from training.gate import measurements
from training.matrix import Block, HoldOut, InteractionMatrix, build_matrix, hold_out
from training.progress import Steps
from training.ranking import ndcg


@dataclass(frozen=True, slots=True)
class Trained:
    """A model fitted to every interaction, and what is known of it."""

    model: ItemModel
    metrics: dict[str, float]


def read(blocks: Iterable[Block], steps: Steps) -> InteractionMatrix:
    """The matrix of all interactions. Raises UnfitData."""
    steps.begin("Reading the interactions")
    matrix = build_matrix(blocks)
    steps.done(
        f"{matrix.cells.nnz:,} interactions of {matrix.user_ids.size:,} people with {matrix.item_ids.size:,} movies"
    )
    return matrix


def fit(matrix: InteractionMatrix, choices: Choices, steps: Steps) -> Trained:
    """Fit the model that serves: it has seen all there is."""
    steps.begin("Fitting to all interactions")
    fitted = factorise(matrix.cells, choices)
    end = "converged" if fitted.converged else "stopped before it converged"
    steps.done(f"{choices.n_components} factors in {fitted.seconds:.1f} s: {end} after {fitted.iterations} iterations")
    metrics = {
        "users": matrix.user_ids.size,
        "items": matrix.item_ids.size,
        "interactions": matrix.cells.nnz,
        "sparsity": matrix.sparsity,
        "fit_seconds": fitted.seconds,
        "iterations": fitted.iterations,
        "converged": fitted.converged,
    }
    return Trained(item_model(matrix, fitted), {name: float(value) for name, value in metrics.items()})


def measure(matrix: InteractionMatrix, choices: Choices, champion: Choices | None, steps: Steps) -> dict[str, float]:
    """What a model of these choices is worth: fitted without the held-out cells, and measured on them.

    Popularity and the choices of the ``champion`` are measured on the same cells, and have seen them as little.
    """
    steps.begin("Fitting without the held-out interactions")
    aside = hold_out(matrix, choices.held_out_share, choices.seed)
    fitted = factorise(aside.kept, choices)
    metrics: dict[str, float] = {}
    if errors := held_out_errors(fitted, aside):
        metrics |= {"rmse": errors.rmse, "mae": errors.mae, "held_out_interactions": float(errors.cells)}
        steps.done(f"RMSE {errors.rmse:.3f} and MAE {errors.mae:.3f} on {errors.cells:,} held-out interactions")
    else:
        steps.done("No interaction could be held out, so there is neither RMSE nor MAE")
    own = _ranking(fitted, aside, choices)
    theirs = None
    if champion is not None:
        steps.begin("Fitting with the champion's choices")
        theirs = own if champion == choices else _ranking(factorise(aside.kept, champion), aside, choices)
    return metrics | measurements(own, _popular(aside, choices), theirs)


def _ranking(fitted: Factorisation, aside: HoldOut, choices: Choices) -> Float64Array:
    def scores(rows: NDArray[np.intp]) -> Float32Array:
        return fitted.people[rows] @ fitted.items.T

    return ndcg(scores, aside, choices.seed)


def _popular(aside: HoldOut, choices: Choices) -> Float64Array:
    people = np.bincount(aside.kept.indices, minlength=aside.kept.shape[1]).astype(np.float64)

    def scores(rows: NDArray[np.intp]) -> Float64Array:
        return np.tile(people, (rows.size, 1))

    return ndcg(scores, aside, choices.seed)
