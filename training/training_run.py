"""One training from the interactions to a model: measured on what was put aside, fitted to all of them."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflix.recommender import Blend, ItemModel
from dataflix.recommender.arrays import Float64Array
from training.choices import Choices
from training.evaluation.held_out import answers, held_out
from training.evaluation.people import Answers
from training.factorisation import Factoriser, factorise
from training.gate import measurements
from training.interaction_log import Block, InteractionLog, build_log
from training.model_fit import fit_model
from training.progress import Steps
from training.splits import Protocol, Split

PROTOCOL: Final = Protocol.LAST_FIFTH
COVERAGE: Final = "coverage"


@dataclass(frozen=True, slots=True)
class Trained:
    """A model fitted to every interaction, and what is known of it."""

    model: ItemModel
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What figures rest on: the split, and what was answered on it."""

    divided: Split
    own: Answers
    popularity: Answers
    blend: Blend  # that the measured model chose


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What choices are worth. No evidence where too little could be held out."""

    metrics: dict[str, float]
    evidence: Evidence | None


def read(blocks: Iterable[Block], steps: Steps) -> InteractionLog:
    """The log of all interactions. Raises UnfitData."""
    steps.begin("Reading the interactions")
    log = build_log(blocks)
    steps.done(f"{len(log):,} interactions of {log.user_ids.size:,} people with {log.item_ids.size:,} movies")
    return log


def fit(log: InteractionLog, choices: Choices, steps: Steps, factors_by: Factoriser = factorise) -> Trained:
    """Fit the model that serves: it has seen all there is."""
    steps.begin("Fitting to all interactions")
    began = time.perf_counter()
    fitted = fit_model(log, choices, factors_by)
    seconds = time.perf_counter() - began
    factorisation, chosen = fitted.factorisation, fitted.chosen
    end = "converged" if factorisation.converged else "stopped before it converged"
    steps.done(f"{choices.n_components} factors and the neighbours in {seconds:.1f} s: the factorisation {end}")
    metrics = {
        "users": log.user_ids.size,
        "items": log.item_ids.size,
        "interactions": len(log),
        "sparsity": log.sparsity,
        "fit_seconds": seconds,
        "iterations": factorisation.iterations,
        "converged": factorisation.converged,
        "blend_steps": chosen.steps,
        "blend_factors": chosen.blend.factors,
        "blend_next_items": chosen.blend.next_items,
        "blend_also_chosen": chosen.blend.also_chosen,
        "blend_popularity": chosen.blend.popularity,
    }
    metrics |= {f"validation_ndcg_{part}": value for part, value in chosen.ndcg.items()}
    return Trained(fitted.model, {name: float(value) for name, value in metrics.items()})


def measure(
    log: InteractionLog,
    choices: Choices,
    champion: Choices | None,
    steps: Steps,
    factors_by: Factoriser = factorise,
    champions_by: Factoriser = factorise,
) -> Measured:
    """What a model of these choices is worth: fitted without each person's newest fifth, and measured on it.

    Popularity and the choices of the ``champion`` are measured on the same people, and have seen as little. The factors
    of the one model are fitted by ``factors_by``, those of the champion's by ``champions_by``.
    """
    steps.begin("Fitting without the held-out interactions")
    divided = held_out(log, PROTOCOL)
    if divided is None:
        steps.done("Too little could be held out to measure anything on")
        return Measured(measurements(np.empty(0), np.empty(0), None, choices.seed), None)
    model = fit_model(divided.train, choices, factors_by).model
    own = answers(model, divided)
    metrics: dict[str, float] = {COVERAGE: own.coverage(divided.train.item_ids.size)}
    if (errors := own.star_errors()).size:
        rmse, mae = float(np.sqrt(np.mean(errors**2))), float(np.mean(np.abs(errors)))
        metrics |= {"rmse": rmse, "mae": mae, "held_out_interactions": float(errors.size)}
        steps.done(f"RMSE {rmse:.3f} and MAE {mae:.3f} on {errors.size:,} held-out ratings")
    theirs: Float64Array | None = None
    if champion is not None:
        steps.begin("Fitting with the champion's choices")
        same = champion == choices and champions_by == factors_by
        theirs = own.ndcg if same else answers(fit_model(divided.train, champion, champions_by).model, divided).ndcg
    popularity = answers(None, divided)
    metrics |= measurements(own.ndcg, popularity.ndcg, theirs, choices.seed)
    return Measured(metrics, Evidence(divided, own, popularity, model.blend))
