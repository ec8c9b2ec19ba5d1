"""The gate: better than popularity, and not worse than the champion beyond noise."""

import numpy as np
import pytest

from dataflix.recommender.arrays import Float64Array
from training.gate import Verdict, decide, measurements


def verdict(candidate: list[float], popularity: list[float], champion: list[float] | None = None) -> Verdict:
    def array(values: list[float]) -> Float64Array:
        return np.array(values, dtype=np.float64)

    return decide(measurements(array(candidate), array(popularity), array(champion) if champion else None))


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
    assert "worse than the champion's 0.5000" in rejected.reason


def test_worse_for_some_and_better_for_others_is_noise() -> None:
    candidate = [0.9, 0.1] * 10

    assert verdict(candidate, [0.1] * 20, [0.1, 0.95] * 10).passed


def test_as_good_as_the_champion_passes() -> None:
    assert verdict([0.5, 0.4], [0.1, 0.1], [0.5, 0.4]).passed


def test_what_could_not_be_measured_is_rejected() -> None:
    assert not verdict([], []).passed
