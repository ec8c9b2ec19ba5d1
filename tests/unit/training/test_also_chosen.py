"""What the same people chose: the closed form, whatever the blocks."""

from dataclasses import replace

import numpy as np
import pytest

from dataflix.recommender.arrays import Float64Array
from training.also_chosen_fit import fit_also_chosen
from training.choices import Choices
from training.interaction_log import Block, InteractionLog, build_log

CHOICES = Choices(fewest_regressed=2, also_ridge=3.0)


def a_log(people: int = 25, movies: int = 9, seed: int = 3) -> InteractionLog:
    """People who choose about half of the movies, and a last movie that one of them chose."""
    random = np.random.default_rng(seed)
    rows = [(user, movie) for user in range(people) for movie in range(movies) if random.random() < 0.5]
    users, items = (np.array(column, dtype=np.int64) for column in zip(*rows, (0, movies), strict=True))
    return build_log([Block(users, items, np.ones(users.size), np.full(users.size, 4.0), np.arange(users.size))])


def by_definition(log: InteractionLog, ridge: float) -> Float64Array:
    """Each movie regressed on all others, one by one: what EASE^R is before it is solved in closed form."""
    chosen = np.zeros((log.user_ids.size, log.item_ids.size - 1))  # the last one has too few people
    there = log.items < chosen.shape[1]
    chosen[log.users[there], log.items[there]] = 1
    weights = np.zeros((log.item_ids.size, log.item_ids.size))
    for item in range(chosen.shape[1]):
        others = np.delete(np.arange(chosen.shape[1]), item)
        gram = chosen[:, others].T @ chosen[:, others] + ridge * np.eye(others.size)
        weights[others, item] = np.linalg.solve(gram, chosen[:, others].T @ chosen[:, item])
    return np.maximum(weights, 0)


@pytest.mark.parametrize("cells_at_once", [20, 4_000_000])
def test_the_weights_are_those_of_the_definition(cells_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.also_chosen_fit.CELLS_AT_ONCE", cells_at_once)
    log = a_log()

    table = fit_also_chosen(log, CHOICES)

    assert table is not None
    everything = np.arange(log.item_ids.size)
    expected = by_definition(log, CHOICES.also_ridge)
    assert np.count_nonzero(expected) > 10
    assert table.said(everything, everything) == pytest.approx(expected / expected.max(), abs=1e-5)


def test_only_the_strongest_are_kept() -> None:
    table = fit_also_chosen(a_log(), replace(CHOICES, neighbours=2))

    assert table is not None
    assert np.diff(table.starts).max() == 2


def test_where_no_movie_was_chosen_by_enough_people_there_is_none() -> None:
    assert fit_also_chosen(a_log(), replace(CHOICES, fewest_regressed=1000)) is None


def test_the_same_log_gives_the_same_bytes() -> None:
    one, other = (fit_also_chosen(a_log(), CHOICES) for _ in range(2))

    assert one is not None
    assert other is not None
    assert one.weights.tobytes() == other.weights.tobytes()
    assert one.items.tobytes() == other.items.tobytes()
