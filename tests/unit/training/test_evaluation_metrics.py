"""Metrics by hand, against scikit-learn, and the intervals around them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from training.evaluation.bootstrap import interval, mean_difference_of, mean_of, root_mean_of
from training.evaluation.metrics import ranking_metrics


def test_by_hand() -> None:
    found = ranking_metrics(np.array([5, 3, 8, 1]), np.array([3, 1, 99]))

    assert found.recall == pytest.approx(2 / 3)
    assert found.reciprocal_rank == 1 / 2
    gained = 1 / np.log2(3) + 1 / np.log2(5)
    assert found.ndcg == pytest.approx(gained / (1 + 1 / np.log2(3) + 1 / np.log2(4)))


def test_what_stands_eleventh_counts_for_the_rank_alone() -> None:
    found = ranking_metrics(np.arange(20), np.array([10]))

    assert (found.ndcg, found.recall, found.reciprocal_rank) == (0.0, 0.0, 1 / 11)


def test_what_is_not_ranked_is_missed() -> None:
    assert ranking_metrics(np.arange(20), np.array([99])) == (0.0, 0.0, 0.0)


@given(st.permutations(range(15)), st.sets(st.integers(0, 14), min_size=1))
def test_ndcg_is_that_of_scikit_learn(ranked: list[int], relevant: set[int]) -> None:
    truth = np.array([[float(item in relevant) for item in ranked]])

    ours = ranking_metrics(np.array(ranked), np.array(sorted(relevant)))

    assert ours.ndcg == pytest.approx(ndcg_score(truth, [np.arange(15.0, 0, -1)], k=10))


def test_an_interval_holds_its_figure_and_has_about_the_width_that_theory_says() -> None:
    values = np.random.default_rng(1).normal(size=400)

    found = interval(np.column_stack([values, np.ones(400)]), mean_of, seed=1)

    assert found.value == pytest.approx(values.mean())
    assert found.lower < found.value < found.upper
    assert found.upper - found.lower == pytest.approx(4 * values.std() / 20, rel=0.15)


def test_a_paired_difference_is_surer_than_its_two_sides() -> None:
    values, ones = np.random.default_rng(1).normal(size=200), np.ones(200)

    found = interval(np.column_stack([values + 0.1, ones, values, ones]), mean_difference_of, seed=1)

    assert found == pytest.approx((0.1, 0.1, 0.1))


def test_a_root_mean_square_weighs_every_rating_the_same() -> None:
    squares_and_counts = np.array([[4.0, 1.0], [0.0, 3.0]])

    assert interval(squares_and_counts, root_mean_of, seed=1).value == 1.0
