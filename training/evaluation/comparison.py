"""The model against its baselines on one split: figures, intervals, and differences person by person."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import psutil

from dataflix.recommender import ItemModel, Recency
from dataflix.recommender.arrays import Float64Array
from dataflix.recommender.model import Weights
from training.choices import Choices
from training.errors import UnfitData
from training.evaluation import bootstrap
from training.evaluation.baselines import Biases, Ease, FirstDesign
from training.evaluation.held_out import answers
from training.evaluation.metrics import CUT
from training.evaluation.people import Answers, Recommender, ask
from training.evaluation.serving import ServingModel
from training.interaction_log import InteractionLog
from training.model_fit import fit_model
from training.progress import Steps
from training.splits import Asked, Protocol, Split, split

EASE_PENALTIES: Final = (20.0, 50.0, 100.0, 200.0, 400.0)
EASE_HALF_LIVES: Final = (1.5, 3.0, 5.0, 8.0)
EASE_FLOORS: Final = (0.0, 0.05)
SAMPLED_EVERY_S: Final = 0.02
MEGABYTE: Final = 2**20
SUBJECT: Final = "dataflix"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One recommender on one split."""

    answers: Answers
    fit_seconds: float
    peak_memory_mb: float  # what the fit needed beyond what the process held before it
    settings: dict[str, float]  # what the nested search chose


def compare(log: InteractionLog, protocol: Protocol, choices: Choices, steps: Steps) -> dict[str, Any]:
    """Fit and measure all of them. Raises UnfitData when the data set is too small for the protocol."""
    divided = split(log, protocol)
    steps.begin("Fitting the model")
    with _measuring() as cost:
        fitted = fit_model(divided.train, choices)
    chosen = fitted.chosen.blend
    weights = chosen.weights._asdict()
    measured = {SUBJECT: Measured(answers(fitted.model, divided), cost.seconds, cost.peak_mb, weights)}
    steps.begin("Fitting the baselines")
    measured["popularity"] = _measured(lambda: ServingModel(None, divided.train), divided)
    measured["nmf_baseline"] = _measured(lambda: FirstDesign(divided.train, choices.seed), divided)
    penalty, tuned = _tuned_ease(divided.train, protocol)
    measured["ease"] = _measured(lambda: Ease(divided.train, penalty), divided, {"penalty": penalty})
    settings = {"penalty": tuned[0], "half_life": tuned[1], "floor": tuned[2]}
    measured["ease_recency"] = _measured(
        lambda: Ease(divided.train, tuned[0], Recency(tuned[1], tuned[2])), divided, settings
    )
    measured["biases"] = _measured(lambda: Biases(divided.train, choices), divided)
    steps.begin("Measuring the parts by themselves")
    parts = {
        name: _figures(Measured(answers(_with_weights(fitted.model, kept), divided), 0.0, 0.0, kept), divided, choices)
        for name, kept in _ablations(weights).items()
    }
    return {
        "protocol": str(protocol),
        "people": len(divided.asked),
        "training_interactions": len(divided.train),
        "models": {name: _figures(one, divided, choices) for name, one in measured.items()},
        "differences": {
            name: _differences(measured[SUBJECT].answers, one.answers, choices.seed)
            for name, one in measured.items()
            if name != SUBJECT
        },
        "ablation": {name: {"ndcg@10": figures["ndcg@10"]} for name, figures in parts.items()},
    }


def _ablations(weights: dict[str, float]) -> dict[str, dict[str, float]]:
    alone = {
        f"{part} alone": {name: float(name == part) for name in weights} for part in weights if part != "popularity"
    }
    return alone | {f"without {part}": weights | {part: 0.0} for part in weights}


def _with_weights(model: ItemModel, weights: dict[str, float]) -> ItemModel:
    return replace(model, blend=model.blend.weighing(Weights(**weights)))


def _measured(fit: Callable[[], Recommender], divided: Split, settings: dict[str, float] | None = None) -> Measured:
    with _measuring() as cost:
        recommender = fit()
    return Measured(ask(recommender, divided.asked), cost.seconds, cost.peak_mb, settings or {})


def _tuned_ease(train: InteractionLog, protocol: Protocol) -> tuple[float, tuple[float, float, float]]:
    """The best penalty for EASE^R, and the best penalty, half-life and floor with recency: by the same protocol, inside
    the training part. Where that is too small for a search, what is usual."""
    try:
        inner = split(train, protocol)
    except UnfitData:
        return EASE_PENALTIES[2], (EASE_PENALTIES[2], EASE_HALF_LIVES[1], EASE_FLOORS[0])
    fitted = {penalty: Ease(inner.train, penalty) for penalty in EASE_PENALTIES}
    even = [(_ndcg(ease, inner.asked), penalty) for penalty, ease in fitted.items()]
    recent = [
        (_ndcg(ease.with_recency(Recency(half_life, floor)), inner.asked), (penalty, half_life, floor))
        for penalty, ease in fitted.items()
        for half_life in EASE_HALF_LIVES
        for floor in EASE_FLOORS
    ]
    return max(even)[1], max(recent)[1]


def _ndcg(recommender: Recommender, people: list[Asked]) -> float:
    return float(ask(recommender, people, CUT).ndcg.mean())


def _figures(one: Measured, divided: Split, choices: Choices) -> dict[str, Any]:
    answers, seed = one.answers, choices.seed
    ones = np.ones(answers.ndcg.size)

    def mean(values: Float64Array) -> bootstrap.Interval:
        return bootstrap.interval(np.column_stack([values, ones]), bootstrap.mean_of, seed)

    intervals = {
        "ndcg@10": mean(answers.ndcg),
        "recall@10": mean(answers.recall),
        "mrr": mean(answers.reciprocal_rank),
    }
    if answers.star_errors().size:
        intervals["rmse"] = bootstrap.interval(_squares(answers), bootstrap.root_mean_of, seed)
        intervals["mae"] = bootstrap.interval(_absolutes(answers), bootstrap.mean_of, seed)
    figures: dict[str, Any] = {name: found.value for name, found in intervals.items()}
    figures |= dict.fromkeys({"rmse", "mae"} - set(figures))
    return figures | {
        "coverage": answers.coverage(divided.train.item_ids.size),
        "novelty": _novelty(answers, divided.train),
        "fit_seconds": one.fit_seconds,
        "peak_memory_mb": one.peak_memory_mb,
        "settings": one.settings,
        "intervals": {name: [found.lower, found.upper] for name, found in intervals.items()},
    }


def _differences(own: Answers, other: Answers, seed: int) -> dict[str, Any]:
    ones = np.ones(own.ndcg.size)
    found = {}
    for name, field in (("ndcg@10", "ndcg"), ("recall@10", "recall"), ("mrr", "reciprocal_rank")):
        columns = np.column_stack([getattr(own, field), ones, getattr(other, field), ones])
        found[name] = bootstrap.interval(columns, bootstrap.mean_difference_of, seed)
    if own.star_errors().size and other.star_errors().size:
        squares = np.column_stack([_squares(own), _squares(other)])
        found["rmse"] = bootstrap.interval(squares, bootstrap.root_mean_difference_of, seed)
    return {name: {"value": one.value, "interval": [one.lower, one.upper]} for name, one in found.items()}


def _squares(answers: Answers) -> Float64Array:
    return np.array([[np.sum(errors**2), errors.size] for errors in answers.errors])


def _absolutes(answers: Answers) -> Float64Array:
    return np.array([[np.sum(np.abs(errors)), errors.size] for errors in answers.errors])


def _novelty(answers: Answers, train: InteractionLog) -> float:
    """Bits: the mean of -log2 of the share of people who had chosen what is shown."""
    shown = np.concatenate(answers.shown)
    people = train.popularity[np.searchsorted(train.item_ids, shown)].astype(np.float64)
    return float(np.mean(-np.log2(people / train.user_ids.size)))


@dataclass(slots=True)
class _Cost:
    seconds: float = 0.0
    peak_mb: float = 0.0


@contextmanager
def _measuring() -> Iterator[_Cost]:
    """Time and memory of what is done inside: the most that the process holds more than before."""
    process, cost, ended = psutil.Process(), _Cost(), threading.Event()
    before = process.memory_info().rss

    def look() -> None:
        cost.peak_mb = max(cost.peak_mb, (process.memory_info().rss - before) / MEGABYTE)

    def watch() -> None:
        while not ended.wait(SAMPLED_EVERY_S):
            look()

    watcher = threading.Thread(target=watch, daemon=True)
    began = time.perf_counter()
    watcher.start()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - began
        ended.set()
        watcher.join()
        look()
