"""One training from the interactions to a model: measured on cells put aside, then fitted to all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from dataflix.recommender import ItemModel
from training.choices import Choices
from training.factorisation import factorise, held_out_errors, item_model
from training.matrix import Block, build_matrix, hold_out
from training.progress import Steps


@dataclass(frozen=True, slots=True)
class Trained:
    """A model fitted to every interaction, and what is known of it."""

    model: ItemModel
    metrics: dict[str, float]


def fit(blocks: Iterable[Block], choices: Choices, steps: Steps) -> Trained:
    """Measure the choices on cells put aside, then fit them to every cell. Raises UnfitData.

    The two fits are two models: the errors tell what such a model is worth, the one that serves has seen all there is.
    """
    steps.begin("Reading the interactions")
    matrix = build_matrix(blocks)
    interactions = int(matrix.cells.nnz)
    steps.done(f"{interactions:,} interactions of {matrix.user_ids.size:,} people with {matrix.item_ids.size:,} movies")

    steps.begin("Fitting without the held-out interactions")
    aside = hold_out(matrix, choices.held_out_share, choices.seed)
    errors = held_out_errors(factorise(aside.kept, choices), aside)
    if errors:
        steps.done(f"RMSE {errors.rmse:.3f} and MAE {errors.mae:.3f} on {errors.cells:,} held-out interactions")
    else:
        steps.done("No interaction could be held out, so there is neither RMSE nor MAE")

    steps.begin("Fitting to all interactions")
    fitted = factorise(matrix.cells, choices)
    end = "converged" if fitted.converged else "stopped before it converged"
    steps.done(f"{choices.n_components} factors in {fitted.seconds:.1f} s: {end} after {fitted.iterations} iterations")

    metrics = {
        "users": matrix.user_ids.size,
        "items": matrix.item_ids.size,
        "interactions": interactions,
        "sparsity": matrix.sparsity,
        "fit_seconds": fitted.seconds,
        "iterations": fitted.iterations,
        "converged": fitted.converged,
    }
    if errors:
        metrics |= {"rmse": errors.rmse, "mae": errors.mae, "held_out_interactions": errors.cells}
    return Trained(item_model(matrix, fitted), {name: float(value) for name, value in metrics.items()})
