"""What is measured beside what the gate asks for: the other protocols, and how much more data would be worth."""

from typing import Final

import numpy as np

from dataflix.recommender.arrays import Float64Array
from dataflix.recommender.model import Blend
from training.choices import Choices
from training.evaluation.held_out import answers, held_out
from training.evaluation.metrics import CUT
from training.factorisation import Factoriser, factorise
from training.interaction_log import FEWEST_ITEMS, FEWEST_PEOPLE, InteractionLog
from training.model_fit import fit_model, fit_parts
from training.splits import Protocol, Split

MOST_INTERACTIONS: Final = 300_000  # of people who are drawn where there are more: a report is not worth hours
MOST_ASKED: Final = 500  # of each point of the learning curve
SHARES: Final = (0.125, 0.25, 0.5)  # of the people whose histories are learned from


def drawn(log: InteractionLog, share: float, seed: int) -> InteractionLog:
    """The interactions of a share of the people."""
    people = np.random.default_rng(seed).permutation(log.user_ids.size)[: round(share * log.user_ids.size)]
    kept = np.zeros(log.user_ids.size, dtype=np.bool_)
    kept[people] = True
    return log.where(kept[log.users])


def bounded(log: InteractionLog, seed: int) -> InteractionLog:
    """All of it, or about ``MOST_INTERACTIONS``, those of people who are drawn."""
    return log if len(log) <= MOST_INTERACTIONS else drawn(log, MOST_INTERACTIONS / len(log), seed)


def by_protocol(
    log: InteractionLog, choices: Choices, protocol: Protocol, factors_by: Factoriser = factorise
) -> dict[str, float]:
    """NDCG@10 and recall@10 of the model and of popularity; nothing where the data is too little for the protocol."""
    divided = held_out(log, protocol)
    if divided is None:
        return {}
    name = protocol.replace("-", "_")
    own = answers(fit_model(divided.train, choices, factors_by).model, divided, CUT)
    popular = answers(None, divided, CUT)
    return {
        f"{name}_people": float(len(divided.asked)),
        f"{name}_ndcg_at_10": float(own.ndcg.mean()),
        f"{name}_recall_at_10": float(own.recall.mean()),
        f"{name}_popularity_ndcg_at_10": float(popular.ndcg.mean()),
    }


def learning_curve(
    divided: Split,
    choices: Choices,
    blend: Blend,
    known: Float64Array | None = None,
    factors_by: Factoriser = factorise,
) -> tuple[Float64Array, Float64Array]:
    """How many interactions were learned from, and NDCG@10 of the same people each time.

    ``known`` is the NDCG of each person who is asked, where a model of all of the training part has answered. The
    weights between the parts are the ones given: choosing them anew each time would double the time.
    """
    chosen = np.arange(len(divided.asked))
    if chosen.size > MOST_ASKED:
        chosen = np.sort(np.random.default_rng(choices.seed).choice(chosen, MOST_ASKED, replace=False))
    asked = [divided.asked[one] for one in chosen]
    points = []
    for share in SHARES if known is not None else (*SHARES, 1.0):
        log = drawn(divided.train, share, choices.seed)
        if log.user_ids.size >= FEWEST_PEOPLE and log.item_ids.size >= FEWEST_ITEMS:
            model, _ = fit_parts(log, choices, blend, factors_by)
            points.append((len(log), answers(model, Split(log, asked), CUT).ndcg.mean()))
    if known is not None:
        points.append((len(divided.train), known[chosen].mean()))
    sizes, ndcg = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return sizes, ndcg
