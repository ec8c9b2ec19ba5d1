"""How long one recommendation list takes to compute, with a generated model of the shape of a trained one."""

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from dataflix.recommender import (
    Blend,
    Catalogue,
    History,
    Interaction,
    ItemModel,
    Neighbours,
    Recency,
    fold_in,
    model_to_bytes,
    rank,
)
from dataflix.recommender.arrays import Int64Array

FACTORS: Final = 32
THERE: Final = 0.2  # share of the factors that are above zero
NEIGHBOURS: Final = 200
# Every part speaks, and histories are looked back on as far as those of a trained model; weights take no time
BLEND: Final = Blend(
    0.2,
    1.0,
    0.1,
    Recency(10.0, 0.05),
    Recency(2.5, 0.02, 400),
    also_chosen=0.15,
    also_chosen_recency=Recency(16.0, 0.05, 400),
)
SHOWN: Final = 10
FEWEST_RATED, USUALLY_RATED, MOST_RATED = 20, 70, 2_500  # as in MovieLens
ROUNDS: Final = 5  # the fastest of them counts: what else the machine does is not measured
MICROSECOND: Final = 1_000  # nanoseconds
MEGABYTE: Final = 1_000_000


def ranking(items: int, people: int, seed: int) -> dict[str, Any]:
    """Microseconds of CPU for the list of each of ``people``, and for folding one more rating in."""
    random = np.random.default_rng(seed)
    model = _model(random, items)
    catalogue = Catalogue.of(model)
    lengths = np.exp(random.normal(np.log(USUALLY_RATED), 1.0, people)).clip(FEWEST_RATED, min(MOST_RATED, items // 2))
    histories = [_history(random, model.item_ids, int(length)) for length in lengths]
    return {
        "items": items,
        "people": people,
        "interactions_each": round(float(lengths.mean())),
        "model_mb": round(len(model_to_bytes(model)) / MEGABYTE, 1),
        "rank_us": _microseconds(lambda history: rank(model, catalogue, history, SHOWN), histories),
        "fold_in_us": _microseconds(lambda history: fold_in(model, history, BLEND.factors_recency), histories),
    }


def _model(random: np.random.Generator, items: int) -> ItemModel:
    factors = random.exponential(size=(items, FACTORS)) * (random.random((items, FACTORS)) < THERE)
    return ItemModel(
        np.arange(1, items + 1, dtype=np.int64),
        (factors / np.linalg.norm(factors, axis=0)).astype(np.float32),
        random.zipf(1.5, items).clip(1, 1_000).astype(np.float32),
        next_items=_neighbours(random, items),
        also_chosen=_neighbours(random, items),
        blend=BLEND,
    )


def _neighbours(random: np.random.Generator, items: int) -> Neighbours:
    each = min(NEIGHBOURS, items - 1)
    return Neighbours(
        np.arange(items + 1, dtype=np.int64) * each,
        np.concatenate([random.choice(items, each, replace=False) for _ in range(items)]).astype(np.int32),
        random.random(items * each, dtype=np.float32),
    )


def _history(random: np.random.Generator, item_ids: Int64Array, length: int) -> History:
    chosen = random.choice(item_ids, length, replace=False)
    return History.of(Interaction(movie, 2.8, at, 4.0) for at, movie in enumerate(chosen.tolist()))


def _microseconds(work: Callable[[History], object], histories: list[History]) -> dict[str, float]:
    fastest = []
    for history in histories:
        took = []
        for _ in range(ROUNDS):
            began = time.process_time_ns()
            work(history)
            took.append(time.process_time_ns() - began)
        fastest.append(min(took) / MICROSECOND)
    p50, p99 = np.percentile(fastest, [50, 99])
    return {"mean": round(float(np.mean(fastest))), "p50": round(float(p50)), "p99": round(float(p99))}
