"""Regression of what comes next: the closed form, whatever the blocks; and a neighbour that is explained says less."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from dataflix.recommender.arrays import Float64Array
from training.choices import Choices
from training.interaction_log import Block, InteractionLog, build_log
from training.item_regression import regress_next_items, regressed_items
from training.next_item_fit import count_next_items, fit_next_items

CHOICES = Choices(fewest_regressed=2, next_ridge=3.0, reach=4)


def a_log(people: int = 25, movies: int = 9, seed: int = 3, moments: int = 6) -> InteractionLog:
    """People who choose about half of the movies at random moments, some at the same one."""
    random = np.random.default_rng(seed)
    rows = [(user, movie) for user in range(people) for movie in range(movies) if random.random() < 0.5]
    users, items = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    at = random.integers(0, moments, users.size)
    return build_log([Block(users, items, np.ones(users.size), np.full(users.size, 4.0), at)])


def in_order(*sequences: tuple[int, ...]) -> InteractionLog:
    rows = [(user, movie, at) for user, movies in enumerate(sequences) for at, movie in enumerate(movies)]
    users, items, at = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return build_log([Block(users, items, np.ones(users.size), np.full(users.size, 4.0), at)])


def by_definition(log: InteractionLog, choices: Choices) -> Float64Array:
    """Pair by pair, in plain loops."""
    items, starts = log.item_ids.size, log.starts.tolist()
    before = np.zeros((items, items))
    for start, end in pairwise(starts):
        moments = log.moments[start:end].tolist()
        places = [(moments.index(at) + len(moments) - 1 - moments[::-1].index(at)) / 2 for at in moments]
        for one in range(end - start):
            for other in range(one + 1, min(one + choices.reach + 1, end - start)):
                apart = places[other] - places[one]
                worth = 2 ** (-(max(apart, 1) - 1) / choices.pair_half_life)
                here, there = log.items[start + one], log.items[start + other]
                before[here, there] += worth if apart else worth / 2
                before[there, here] += 0 if apart else worth / 2
    alone = log.popularity * 2 ** (1 / choices.pair_half_life) + choices.next_ridge
    weights = np.linalg.solve(before + before.T + np.diag(alone), before + choices.backward * before.T)
    return np.maximum(weights, 0)


@pytest.mark.parametrize("pairs_at_once", [8, 4_000_000])
def test_the_weights_are_those_of_the_definition(pairs_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.item_regression.PAIRS_AT_ONCE", pairs_at_once)
    log = a_log()

    found = regress_next_items(log, CHOICES).toarray()

    assert found == pytest.approx(by_definition(log, CHOICES), abs=1e-5)
    assert np.count_nonzero(found) > 10


def test_a_neighbour_that_another_one_explains_says_less() -> None:
    # Who chose 1 went on to 2 and then to 3; of those who came to 2 without 1, as many went on to 3.
    log = in_order(*[(1, 2, 3)] * 6, *[(2, 3)] * 6, *[(1, 4, 5, 6)] * 6)

    counted = count_next_items(log, CHOICES).toarray()
    regressed = regress_next_items(log, CHOICES).toarray()

    assert regressed[0, 2] / regressed[1, 2] < 0.8 * counted[0, 2] / counted[1, 2]


def test_only_the_most_chosen_movies_take_part() -> None:
    popularity = np.array([5, 1, 3, 9, 3], dtype=np.float32)

    assert regressed_items(popularity, replace(CHOICES, fewest_regressed=3)).tolist() == [0, 2, 3, 4]
    assert regressed_items(popularity, replace(CHOICES, most_regressed=3)).tolist() == [0, 2, 3]


def test_where_nothing_can_be_regressed_the_counts_are_all_there_is() -> None:
    log = a_log()

    with_none, without = (
        fit_next_items(log, choices)
        for choices in (replace(CHOICES, fewest_regressed=1000), replace(CHOICES, regression_weight=0.0))
    )

    for name in ("starts", "items", "weights"):
        assert getattr(with_none, name).tolist() == getattr(without, name).tolist()
    assert with_none.weights.max() == 1


def test_the_same_log_gives_the_same_bytes() -> None:
    one, other = (fit_next_items(a_log(), CHOICES) for _ in range(2))

    assert one.weights.tobytes() == other.weights.tobytes()
    assert one.items.tobytes() == other.items.tobytes()
