"""How much each part of the model shall say: tried on what people of the training part did next."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dataflix.recommender.arrays import Float32Array, Rows
from dataflix.recommender.model import Blend, ItemModel
from dataflix.recommender.recommend import top
from dataflix.recommender.taste import personal_parts
from training.evaluation.metrics import CUT
from training.interaction_log import InteractionLog
from training.splits import newest_of_each

STEPS_AHEAD: Final = 5  # newest interactions of each person, each asked for by those before it
FEWEST_STEPS: Final = 100  # what is chosen by fewer is chosen by chance: the shipped weights stay
MOST_STEPS: Final = 3000
CANDIDATES: Final = 100  # of each part; an item outside of them never comes among the first ten
FACTOR_WEIGHTS: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
POPULARITY_WEIGHTS: Final = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)


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
    """The best weights for ``model``, which was fitted ``without_newest`` of ``log``. Deterministic for a seed."""
    held = np.flatnonzero(newest_of_each(log, lambda totals: np.minimum(STEPS_AHEAD, totals // 2)))
    if held.size < FEWEST_STEPS:
        return BlendChoice(model.blend, int(held.size), {})
    asked = held if held.size <= MOST_STEPS else np.sort(np.random.default_rng(seed).choice(held, MOST_STEPS, False))
    trial = replace(model, blend=replace(model.blend, factors=1.0, next_items=1.0))
    starts = log.starts
    steps = [_step(log, trial, int(starts[log.users[one]]), int(one)) for one in asked]
    columns = np.concatenate([np.empty((3, 0), np.float32), *(one for one in steps if one is not None)], axis=1)
    sizes = np.array([one.shape[1] for one in steps if one is not None], dtype=np.int64)
    first = np.cumsum(sizes) - sizes

    def ndcg(factors: float, next_items: float, popularity: float) -> float:
        if not sizes.size:
            return 0.0
        scores = np.array([factors, next_items, popularity], dtype=np.float32) @ columns
        ahead = np.add.reduceat(scores >= np.repeat(scores[first], sizes), first, dtype=np.int64) - 1
        return float(np.sum(1 / np.log2(ahead[ahead < CUT] + 2)) / asked.size)

    tried = [(ndcg(f, 1.0, p), -f, -p) for f in FACTOR_WEIGHTS for p in POPULARITY_WEIGHTS]
    best, factors, popularity = max(tried)  # of equal ones the one that leans least on the other parts
    blend = replace(model.blend, factors=-factors, next_items=1.0, popularity=-popularity)
    alone = {"factors": ndcg(1, 0, 0), "next_items": ndcg(0, 1, 0), "popularity": ndcg(0, 0, 1)}
    return BlendChoice(blend, int(asked.size), {"blend": best} | alone)


def _step(log: InteractionLog, model: ItemModel, start: int, end: int) -> Float32Array | None:
    """What factors, next items and popularity say of the items that can be shown next: [3, items], the one that was
    chosen first. None for an item that the model cannot know."""
    wanted = int(model.rows_of(log.item_ids[[log.items[end]]])[0])
    if wanted < 0:
        return None
    history = log.history(start, end)
    silent = np.zeros(model.item_ids.size, dtype=np.float32)
    by_factors, by_next = (silent if part is None else part for part in personal_parts(model, history))
    unseen = np.ones(silent.size, dtype=np.bool_)
    seen = model.rows_of(history.movie_ids)
    unseen[seen[seen >= 0]] = False
    parts = (by_factors, by_next, model.crowd)
    likely = np.unique(np.concatenate([_first(part, unseen) for part in parts]))
    rows = np.concatenate([[wanted], likely[likely != wanted]])
    return np.stack([part[rows] for part in parts])


def _first(part: Float32Array, unseen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Rows:
    return top(CANDIDATES, np.where(unseen, part, np.float32(-np.inf)))
