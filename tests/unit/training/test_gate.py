"""The gate: better than popularity, and not worse than the champion beyond noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflix.recommender.arrays import Float64Array
from training.gate import AGAINST_CHAMPION, LOWER, UPPER, Verdict, decide, measurements


def measured(candidate: list[float], popularity: list[float], champion: list[float] | None = None) -> dict[str, float]:
    def array(values: list[float]) -> Float64Array:
        return np.array(values, dtype=np.float64)

    return measurements(array(candidate), array(popularity), array(champion) if champion else None, seed=1)


def verdict(candidate: list[float], popularity: list[float], champion: list[float] | None = None) -> Verdict:
    return decide(measured(candidate, popularity, champion))


def test_better_than_popularity_is_enough_where_there_is_no_champion() -> None:
    assert verdict([0.5, 0.5], [0.1, 0.2]).passed


@pytest.mark.parametrize("candidate", [[0.1, 0.2], [0.0, 0.1]], ids=["equal", "worse"])
def test_what_popularity_does_as_well_is_rejected_with_both_numbers(candidate: list[float]) -> None:
    rejected = verdict(candidate, [0.1, 0.2])

    assert not rejected.passed
    assert "not better than popularity's 0.1500" in rejected.reason


def test_worse_than_the_champion_for_everybody_is_rejected() -> None:
    rejected = verdict([0.3] * 20, [0.1] * 20, [0.5] * 20)

    assert not rejected.passed
    assert "worse than the champion's 0.5000, beyond noise" in rejected.reason
    assert "-0.2000, 95% interval -0.2000 to -0.2000" in rejected.reason


def test_worse_for_some_and_better_for_others_is_noise() -> None:
    candidate = [0.9, 0.1] * 10

    assert verdict(candidate, [0.1] * 20, [0.1, 0.95] * 10).passed


def test_people_who_are_hard_for_both_hide_no_difference() -> None:
    """Drawn in pairs; each by itself, the two means would have wide and overlapping intervals."""
    champion = [0.9, 0.1] * 10
    slightly_worse = [value - 0.02 for value in champion]

    assert not verdict(slightly_worse, [0.0] * 20, champion).passed


def test_as_good_as_the_champion_passes() -> None:
    assert verdict([0.5, 0.4], [0.1, 0.1], [0.5, 0.4]).passed


def test_what_could_not_be_measured_is_rejected() -> None:
    assert not verdict([], []).passed


def test_what_an_earlier_release_measured_is_to_be_measured_again() -> None:
    earlier = {"ndcg_at_10": 0.5, "popularity_ndcg_at_10": 0.1, "champion_ndcg_at_10": 0.4}

    assert "measure it again" in decide(earlier).reason


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30))
def test_the_difference_lies_in_its_interval_and_turns_with_the_sides(people: list[tuple[float, float]]) -> None:
    one, other = ([pair[side] for pair in people] for side in (0, 1))

    there = measured(one, [0.0] * len(one), other)
    back = measured(other, [0.0] * len(one), one)

    assert there[AGAINST_CHAMPION] == pytest.approx(-back[AGAINST_CHAMPION])
    assert there[AGAINST_CHAMPION + LOWER] == pytest.approx(-back[AGAINST_CHAMPION + UPPER])
    assert there[AGAINST_CHAMPION + LOWER] <= there[AGAINST_CHAMPION + UPPER]
