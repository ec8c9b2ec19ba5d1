"""What a candidate is worth inside the training part: the newest of what it may learn from is held out once more."""

from typing import Final

from dataflix.recommender.arrays import Float64Array
from training.choices import Choices
from training.evaluation.held_out import answers
from training.evaluation.metrics import CUT
from training.interaction_log import InteractionLog
from training.model_fit import fit_model
from training.report.further_measures import bounded, drawn
from training.splits import Split, split
from training.training_run import PROTOCOL
from training.tuning.halving import SHARES, Score

MOST_ASKED: Final = 2000


def nested_score(log: InteractionLog, seed: int) -> Score:
    """A score over the training part of ``log``; what the gate measures on is left out of it altogether.

    Of more than ``MOST_INTERACTIONS``, people are drawn. Raises UnfitData where there is too little to hold out twice.
    """
    train = bounded(split(log, PROTOCOL).train, seed)
    inner = {share: split(drawn(train, share, seed) if share < 1 else train, PROTOCOL) for share in SHARES}

    def score(choices: Choices, share: float) -> Float64Array:
        return _worth(inner[share], choices)

    return score


def _worth(divided: Split, choices: Choices) -> Float64Array:
    model = fit_model(divided.train, choices).model
    return answers(model, Split(divided.train, divided.asked[:MOST_ASKED]), CUT).ndcg
