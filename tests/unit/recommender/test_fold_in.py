"""A person's factors out of their history."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from item_models import a_model, histories, models, rated
from scipy.optimize import nnls

from dataflix.recommender import EVEN, History, Interaction, ItemModel, Recency
from dataflix.recommender import fold_in as fold_in_history
from dataflix.recommender.arrays import Float64Array
from dataflix.recommender.fold_in import non_negative_least_squares

NEWEST_FIRST = Recency(half_life=3.0, floor=0.05)
CRIME_AND_ROMANCE = a_model([[2.0, 0.0], [1.0, 0.1], [0.0, 2.0], [0.1, 1.0]])


def fold_in(model: ItemModel, history: list[Interaction], recency: Recency = NEWEST_FIRST) -> Float64Array:
    return fold_in_history(model, History.of(history), recency)


def test_a_person_who_likes_crime_gets_the_factor_of_crime() -> None:
    crime, romance = fold_in(CRIME_AND_ROMANCE, rated((1, 3.8), (2, 3.5)))

    assert crime > 10 * romance


def test_nobody_has_factors_without_a_history() -> None:
    assert fold_in(CRIME_AND_ROMANCE, []).tolist() == [0.0, 0.0]


def test_movies_that_the_model_does_not_know_say_nothing() -> None:
    assert fold_in(CRIME_AND_ROMANCE, rated((98, 3.8), (99, 3.8))).tolist() == [0.0, 0.0]


def test_the_newest_rating_weighs_most() -> None:
    romance_last = fold_in(CRIME_AND_ROMANCE, rated((1, 3.5), (3, 3.5)))
    crime_last = fold_in(CRIME_AND_ROMANCE, rated((3, 3.5), (1, 3.5)))

    assert romance_last[1] > romance_last[0]
    assert crime_last[0] > crime_last[1]


def test_recency_halves_the_weight_and_stops_at_its_floor() -> None:
    assert Recency(half_life=2, floor=0.3).weights(np.arange(5.0)).tolist() == pytest.approx(
        [1.0, 0.5**0.5, 0.5, 0.5**1.5, 0.3]
    )
    assert Recency(half_life=2, floor=0.3, reach=2).weights(np.arange(4.0)).tolist() == [1.0, 0.5**0.5, 0.0, 0.0]


@given(models(), histories)
def test_factors_are_never_negative(model: ItemModel, history: list[Interaction]) -> None:
    assert (fold_in(model, history) >= 0).all()


@given(models(), histories, st.randoms())
def test_the_order_in_which_a_history_is_given_does_not_matter(
    model: ItemModel, history: list[Interaction], random: Random
) -> None:
    shuffled = random.sample(history, len(history))

    assert fold_in(model, shuffled).tolist() == fold_in(model, history).tolist()


@given(models(), histories, st.sampled_from([EVEN, NEWEST_FIRST]))
def test_no_change_of_a_factor_brings_the_estimates_closer_to_the_history(
    model: ItemModel, history: list[Interaction], recency: Recency
) -> None:
    factors = fold_in(model, history, recency)

    target = np.zeros(model.item_ids.size)
    columns = History.of(history)
    weights = recency.weights(columns.positions) * columns.likings
    for movie_id, weight in zip(columns.movie_ids.tolist(), weights.tolist(), strict=True):
        row = model.rows_of([movie_id])[0]
        if row >= 0:
            target[row] = weight
    gradient = model.gram @ factors - model.factors.astype(np.float64).T @ target
    slack = 1e-7 * max(1.0, float(np.abs(model.factors.T @ target).max(initial=0.0)))
    assert (gradient >= -slack).all()  # no factor wants to grow
    assert (np.abs(gradient[factors > 0]) <= slack).all()  # and no positive one to shrink


@given(models(), st.data())
def test_the_solution_is_the_one_that_scipy_finds(model: ItemModel, data: st.DataObject) -> None:
    row = np.array(data.draw(st.lists(st.floats(0, 4), min_size=model.item_ids.size, max_size=model.item_ids.size)))
    wide = model.factors.astype(np.float64)

    ours = non_negative_least_squares(model.gram, wide.T @ row)

    _, least = nnls(wide, row)
    assert np.linalg.norm(wide @ ours - row) == pytest.approx(least, rel=1e-6, abs=1e-6)


def test_a_factor_that_no_item_has_stays_zero() -> None:
    model = a_model([[1.0, 0.0], [2.0, 0.0]])

    assert fold_in(model, rated((1, 3.5)))[1] == 0.0
