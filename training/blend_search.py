"""How much each part of the model shall say: tried on what people of the training part did from some point on."""

from dataclasses import dataclass, replace
from itertools import product, starmap
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataflix.recommender.arrays import Float32Array, Float64Array, Rows
from dataflix.recommender.model import Blend, ItemModel, Weights
from dataflix.recommender.recommend import top
from dataflix.recommender.taste import personal_parts
from training.evaluation.metrics import CUT, DISCOUNTS
from training.interaction_log import InteractionLog
from training.splits import newest_of_each

STEPS_AHEAD: Final = 5  # newest interactions of each person; each and those after it are asked for by those before it
FEWEST_STEPS: Final = 100  # what is chosen by fewer is chosen by chance: the shipped weights stay
MOST_STEPS: Final = 2000
CANDIDATES: Final = 100  # of each part; an item outside of them never comes among the first ten
STANDARD_ERRORS: Final = 3.0  # by which weights must be better than the shipped ones: of many the best is partly luck
FACTOR_WEIGHTS: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
ALSO_WEIGHTS: Final = (0.0, 0.1, 0.25, 0.5, 1.0)
POPULARITY_WEIGHTS: Final = (0.0, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class BlendChoice:
    """The weights, and NDCG@10 of the steps that they were chosen by; no figures where there were too few steps."""

    blend: Blend
    steps: int
    ndcg: dict[str, float]  # of the blend and of each part alone


def without_newest(log: InteractionLog) -> InteractionLog:
    """What a model may learn from that is asked for the newest ``STEPS_AHEAD``: at most half of a person's history."""
    held = newest_of_each(log, lambda totals: np.minimum(STEPS_AHEAD, totals // 2))
    return log.where(~held)


def choose_blend(log: InteractionLog, model: ItemModel, seed: int) -> BlendChoice:
    """The best weights for ``model``, which was fitted ``without_newest`` of ``log``; its own where none are better
    beyond noise. Deterministic for a seed."""
    held = np.flatnonzero(newest_of_each(log, lambda totals: np.minimum(STEPS_AHEAD, totals // 2)))
    if held.size < FEWEST_STEPS:
        return BlendChoice(model.blend, int(held.size), {})
    asked = held if held.size <= MOST_STEPS else np.sort(np.random.default_rng(seed).choice(held, MOST_STEPS, False))
    trial = replace(model, blend=model.blend.weighing(Weights(1.0, 1.0, 1.0, 1.0)))
    starts, ends = log.starts[log.users[asked]].tolist(), log.starts[log.users[asked] + 1].tolist()
    steps = [_step(log, trial, start, one, end) for start, one, end in zip(starts, asked.tolist(), ends, strict=True)]
    sizes = np.array([step.scores.shape[1] for step in steps])
    wanted = np.array([step.wanted for step in steps])
    best_possible = DISCOUNTS.cumsum()[np.array(ends) - asked - 1]
    parts = np.zeros((len(Weights._fields), sizes.size, sizes.max()), dtype=np.float32)
    for number, step in enumerate(steps):
        parts[:, number, : sizes[number]] = step.scores
    there = np.arange(sizes.max()) < sizes[:, None]

    def ndcg(weights: Weights) -> Float64Array:
        scores = np.tensordot(np.array(weights, dtype=np.float32), parts, 1)
        gains = np.zeros(sizes.size)
        for place in range(min(STEPS_AHEAD, sizes.max())):
            ahead = np.count_nonzero((scores >= scores[:, place, None]) & there, axis=1) - 1  # equal ones are ahead
            gains += np.where((place < wanted) & (ahead < CUT), DISCOUNTS[np.clip(ahead, 0, CUT - 1)], 0.0)
        return np.asarray(gains / best_possible)

    blend = replace(model.blend, next_items=1.0)
    tried = {
        weights: ndcg(weights)
        for weights in starmap(Weights, product(FACTOR_WEIGHTS, (1.0,), ALSO_WEIGHTS, POPULARITY_WEIGHTS))
    }
    # of equal ones the one that leans least on the other parts
    best = max(tried, key=lambda weights: (tried[weights].mean(), *(-weight for weight in weights)))
    gained = tried[best] - ndcg(blend.weights)
    if gained.sum() > STANDARD_ERRORS * np.linalg.norm(np.bincount(log.users[asked], weights=gained)):
        blend = blend.weighing(best)
    alone = {part: Weights(*(float(part == other) for other in Weights._fields)) for part in Weights._fields}
    found = {part: float(ndcg(weights).mean()) for part, weights in (alone | {"blend": blend.weights}).items()}
    return BlendChoice(blend, int(asked.size), found)


class _Step(NamedTuple):
    """What is asked at one point of a history."""

    scores: Float32Array  # [4, items], by each of the parts: of what was chosen, then what is likely
    wanted: int  # how many of the items were chosen; those that the model cannot know are missing


def _step(log: InteractionLog, model: ItemModel, start: int, now: int, end: int) -> _Step:
    """The interactions from ``now`` up to ``end`` are asked for by those from ``start``."""
    rows = model.rows_of(log.item_ids[log.items[now:end]])
    wanted = rows[rows >= 0]
    history = log.history(start, now)
    silent = np.zeros(model.item_ids.size, dtype=np.float32)
    personal = [silent if part is None else part for part in personal_parts(model, history)]
    unseen = np.ones(silent.size, dtype=np.bool_)
    seen = model.rows_of(history.movie_ids)
    unseen[seen[seen >= 0]] = False
    parts = (*personal, model.crowd)
    likely = np.concatenate([_first(part, unseen) for part in parts])
    shown = np.concatenate([wanted, np.setdiff1d(likely[unseen[likely]], wanted)])
    return _Step(np.stack([part[shown] for part in parts]), wanted.size)


def _first(part: Float32Array, unseen: NDArray[np.bool_]) -> Rows:
    return top(CANDIDATES, np.where(unseen, part, np.float32(-np.inf)))
