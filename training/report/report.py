"""All that is told of a version beside what the gate goes by: further measures and plots."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from dataflix.recommender import ItemModel
from training.choices import Choices
from training.factorisation import Factoriser, factorise
from training.interaction_log import InteractionLog
from training.progress import Steps
from training.report import curves
from training.report.environment import environment
from training.report.factor_map import factor_map
from training.report.further_measures import bounded, by_protocol, learning_curve
from training.splits import Protocol, Split
from training.training_run import COVERAGE, Measured

RECALL: Final = "recall_at_10"  # in the run of every version that was reported on
FURTHER: Final = (Protocol.LEAVE_LAST_OUT, Protocol.TIME_SPLIT)


@dataclass(frozen=True, slots=True)
class Report:
    """Metrics, and files by their path below the artifacts of the run."""

    metrics: dict[str, float] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def of_measuring(
    log: InteractionLog, choices: Choices, measured: Measured, steps: Steps, factors_by: Factoriser = factorise
) -> Report:
    """The other protocols, and plots of what was answered. Nothing where nothing could be held out."""
    from training.report import figures  # noqa: PLC0415  # imports matplotlib: a second

    found = measured.evidence
    if found is None:
        return Report()
    metrics = {RECALL: float(found.own.recall.mean())}
    for protocol in FURTHER:
        steps.begin(f"Measuring by {protocol}")
        metrics |= by_protocol(bounded(log, choices.seed), choices, protocol, factors_by)
    steps.begin("Measuring what more data is worth")
    train = bounded(found.divided.train, choices.seed)
    known = found.own.ndcg if train is found.divided.train else None
    sizes, ndcg = learning_curve(Split(train, found.divided.asked), choices, found.blend, known, factors_by)
    steps.begin("Drawing the plots")
    asked, train = found.divided.asked, found.divided.train
    plots = {
        "metric_by_rank": figures.metric_by_rank(
            curves.by_rank(found.own, asked), curves.by_rank(found.popularity, asked)
        ),
        "long_tail": figures.long_tail(
            curves.chosen_by_tenth(train),
            curves.shown_by_tenth(found.own, train),
            curves.shown_by_tenth(found.popularity, train),
            measured.metrics[COVERAGE],
        ),
        "learning_curve": figures.learning_curve(sizes, ndcg),
    }
    return Report(metrics, {f"plots/{name}.png": png for name, png in plots.items()})


def of_model(model: ItemModel, titles: Mapping[int, str]) -> Report:
    """What the factors mean, and what the model came out of."""
    from training.report import figures  # noqa: PLC0415  # imports matplotlib: a second

    return Report(
        files={
            "plots/factors.png": figures.factor_heat_map(factor_map(model, titles)),
            "environment.json": json.dumps(environment(), indent=2).encode(),
        }
    )
