"""The weights of the parts: the shipped ones unless others are better beyond noise."""

from dataclasses import replace

import numpy as np
import pytest

from dataflix.recommender import Blend, ItemModel, Neighbours, Recency
from dataflix.recommender.arrays import Int64Array
from training.blend_search import FACTOR_WEIGHTS, STEPS_AHEAD, choose_blend, without_newest
from training.evaluation.metrics import ranking_metrics
from training.evaluation.serving import ServingModel
from training.interaction_log import Block, InteractionLog, build_log

ITEMS, PEOPLE, EACH = 60, 80, 14
EVERYWHERE = Recency(half_life=1.0, floor=1.0)
SHIPPED = Blend(0.2, 1.0, 0.0, EVERYWHERE, EVERYWHERE)


def people(tastes: int, seed: int = 3) -> InteractionLog:
    """Each chooses, in any order, among the movies of one of so many tastes, which share the movies evenly."""
    random = np.random.default_rng(seed)
    of_each = ITEMS // tastes
    chosen = [random.choice(of_each, EACH, replace=False) + person % tastes * of_each for person in range(PEOPLE)]
    users, moments = np.repeat(np.arange(PEOPLE), EACH), np.tile(np.arange(EACH), PEOPLE)
    stars = np.full(users.size, 4.0)
    return build_log([Block(users, np.concatenate(chosen), stars * 0.7, stars, moments)])


def a_model(log: InteractionLog, factors: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> ItemModel:
    """Neighbours and popularities drawn at random, no two of which are equal."""
    random = np.random.default_rng(7)
    items = log.item_ids.size
    neighbours = Neighbours(
        np.arange(items + 1, dtype=np.int64) * items,
        np.tile(np.arange(items, dtype=np.int32), items),
        random.random(items**2, dtype=np.float32),
    )
    popularity = random.permutation(items).astype(np.float32)
    return ItemModel(log.item_ids, factors, popularity, next_items=neighbours, blend=SHIPPED)


def two_factors(item_ids: Int64Array) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """One for each taste, no two items of a taste alike."""
    first = item_ids < ITEMS // 2
    return np.column_stack([first, ~first]).astype(np.float32) * (1 + item_ids[:, None] / 1000).astype(np.float32)


def test_a_part_that_knows_what_people_choose_says_more_than_the_shipped_weights_let_it() -> None:
    log = people(tastes=2)
    model = a_model(log, two_factors(log.item_ids))

    chosen = choose_blend(log, model, seed=1)

    assert chosen.blend.factors == max(FACTOR_WEIGHTS)
    assert chosen.steps == PEOPLE * STEPS_AHEAD


def test_where_no_part_knows_anything_the_shipped_weights_stay() -> None:
    log = people(tastes=1)
    model = a_model(log, np.random.default_rng(11).random((log.item_ids.size, 2), dtype=np.float32))

    assert choose_blend(log, model, seed=1).blend == SHIPPED


def test_what_is_measured_is_what_the_lists_are_worth() -> None:
    log = people(tastes=2)
    model = a_model(log, two_factors(log.item_ids))
    chosen = choose_blend(log, model, seed=1)
    serving = ServingModel(replace(model, blend=chosen.blend), log)

    worth = []
    for start, end in zip(log.starts[:-1], log.starts[1:], strict=True):
        for now in range(end - STEPS_AHEAD, end):
            shown = serving.rank(0, log.history(start, now), 10)
            worth.append(ranking_metrics(shown, log.item_ids[log.items[now:end]]).ndcg)

    assert chosen.ndcg["blend"] == pytest.approx(np.mean(worth))


def test_the_newest_of_each_are_kept_from_the_model_and_never_more_than_half() -> None:
    log = people(tastes=2)
    short = log.where(np.arange(len(log)) % EACH < 6)

    assert len(log) - len(without_newest(log)) == PEOPLE * STEPS_AHEAD
    assert len(short) - len(without_newest(short)) == PEOPLE * 3
