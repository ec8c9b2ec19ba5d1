"""The search tries what ships first, keeps what is better, and never looks at what versions are measured on."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interactions import two_tastes

from dataflix.recommender.arrays import Float64Array
from training.choices import Choices, recorded_choices
from training.errors import UnfitData
from training.interaction_log import InteractionLog, build_log
from training.splits import Protocol, split
from training.tuning import nested
from training.tuning.halving import SHARES, Found, Trial, rounds, search
from training.tuning.space import SPACE, candidates


def searched(worth: list[float]) -> tuple[Found, list[tuple[int, float]]]:
    """The search among candidates of these worths, and which were tried on which share."""
    tried: list[tuple[int, float]] = []
    known = candidates(len(worth), seed=1)

    def score(choices: Choices, share: float) -> Float64Array:
        return np.full(20, worth[known.index(choices)])

    def told(trial: Trial) -> None:
        tried.append((trial.number, list(trial.ndcg)[-1]))

    return search(known, score, told), tried


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_where_a_candidate_is_worth_the_same_on_any_share_the_best_is_found(worth: list[float]) -> None:
    found, tried = searched(worth)

    assert worth[found.best.number] == max(worth)
    assert found.difference.value == pytest.approx(max(worth) - worth[0], abs=1e-12)
    assert {number for number, share in tried if share == SHARES[0]} == set(range(len(worth)))
    assert (0, SHARES[-1]) in tried, "the shipped choices were dropped"
    assert len(tried) <= rounds(len(worth))


def test_each_round_goes_on_with_the_better_half() -> None:
    _, tried = searched([0.1, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])

    assert [number for number, share in tried if share == SHARES[1]] == [1, 2, 3, 4, 0]
    assert [number for number, share in tried if share == SHARES[2]] == [1, 2, 3, 0]


def test_of_equal_ones_the_shipped_choices_are_the_best() -> None:
    assert searched([0.5, 0.5, 0.5])[0].best.number == 0


def test_candidates_are_different_and_begin_with_what_ships() -> None:
    some = candidates(30, seed=7)

    assert some[0] == Choices(seed=7)
    assert len(set(some)) == 30
    assert candidates(40, seed=7)[:30] == some
    assert candidates(2, seed=8)[1] != some[1]


def test_every_choice_that_is_searched_exists_and_is_varied() -> None:
    some = candidates(40, seed=3)

    for name in SPACE:
        assert len({getattr(one, name) for one in some}) > 1, name


def test_choices_come_back_from_what_a_run_records() -> None:
    tuned = candidates(2, seed=5)[1]

    assert recorded_choices({name: str(value) for name, value in asdict(tuned).items()}) == tuned
    assert recorded_choices({"n_components": "many"}) == Choices()


def a_log() -> InteractionLog:
    return build_log([two_tastes(people=40, movies=30)])


def test_no_candidate_sees_what_versions_are_measured_on(monkeypatch: pytest.MonkeyPatch) -> None:
    log, seen = a_log(), list[InteractionLog]()
    held = {(one.user_id, movie) for one in split(log, Protocol.LAST_FIFTH).asked for movie in one.movie_ids.tolist()}
    fit = nested.fit_model
    monkeypatch.setattr(nested, "fit_model", lambda train, choices: (seen.append(train), fit(train, choices))[1])

    score = nested.nested_score(log, seed=1)
    worth = [score(Choices(n_components=2, max_iter=20), share) for share in SHARES]

    for train in seen:
        pairs = zip(train.user_ids[train.users].tolist(), train.item_ids[train.items].tolist(), strict=True)
        assert held.isdisjoint(pairs)
    assert [len(one) for one in worth] == [10, 20, 40]
    assert all(np.all((one >= 0) & (one <= 1)) for one in worth)


def test_too_little_to_hold_out_twice_is_refused() -> None:
    with pytest.raises(UnfitData):
        nested.nested_score(build_log([two_tastes(people=2, movies=4)]), seed=1)
