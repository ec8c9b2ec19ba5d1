"""What is held out is the newest, nobody is dropped, and no order is made up where there is none."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import UnfitData
from training.interaction_log import Block, InteractionLog, build_log
from training.splits import Protocol, split

SECOND = 1_000_000

# who rated what when: person -> movies with their second
logs = st.dictionaries(
    st.integers(1, 9),
    st.dictionaries(st.integers(1, 30), st.integers(0, 12), min_size=1, max_size=12),
    min_size=2,
    max_size=6,
).filter(lambda people: len({movie for movies in people.values() for movie in movies}) > 1)


def a_log(people: dict[int, dict[int, int]], order: list[int] | None = None) -> InteractionLog:
    rows = [(user, movie, second) for user, movies in people.items() for movie, second in movies.items()]
    rows = [rows[place] for place in order] if order else rows
    users, movies, seconds = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return build_log([Block(users, movies, np.full(users.size, 2.8), np.full(users.size, 4.0), seconds * SECOND)])


def test_the_newest_rating_of_each_is_left_out() -> None:
    divided = split(a_log({1: {10: 5, 11: 9, 12: 7}, 2: {10: 2, 12: 1}}), Protocol.LEAVE_LAST_OUT)

    assert {one.user_id: one.movie_ids.tolist() for one in divided.asked} == {1: [11], 2: [10]}
    assert divided.asked[0].history.movie_ids.tolist() == [12, 10]  # newest first
    assert divided.train.item_ids.tolist() == [10, 12]


def test_who_rated_once_is_asked_as_somebody_new() -> None:
    divided = split(a_log({1: {10: 5}, 2: {10: 2, 12: 1}}), Protocol.LEAVE_LAST_OUT)

    assert [(one.user_id, len(one.history)) for one in divided.asked] == [(1, 0), (2, 1)]


def test_the_last_fifth_is_at_least_one() -> None:
    divided = split(a_log({1: {movie: movie for movie in range(1, 12)}, 2: {1: 1, 2: 2}}), Protocol.LAST_FIFTH)

    assert [sorted(one.movie_ids.tolist()) for one in divided.asked] == [[10, 11], [2]]


def test_the_time_split_asks_who_has_something_on_both_sides() -> None:
    early, late = dict.fromkeys(range(1, 9), 1), dict.fromkeys(range(20, 21), 9)

    divided = split(a_log({1: early | late, 2: {30: 9}}), Protocol.TIME_SPLIT)

    assert [one.user_id for one in divided.asked] == [1]
    assert divided.train.user_ids.tolist() == [1]


def test_too_little_to_divide_is_a_sentence() -> None:
    with pytest.raises(UnfitData, match="too few to be divided by leave-last-out"):
        split(a_log({1: {10: 5}, 2: {12: 1}}), Protocol.LEAVE_LAST_OUT)


@given(logs, st.sampled_from(Protocol))
def test_nothing_that_is_asked_for_is_older_than_the_history(
    people: dict[int, dict[int, int]], protocol: Protocol
) -> None:
    try:
        divided = split(a_log(people), protocol)
    except UnfitData:
        return
    for one in divided.asked:
        rated = people[one.user_id]
        held, known = one.movie_ids.tolist(), one.history.movie_ids.tolist()
        assert set(held).isdisjoint(known)
        assert not known or max(rated[movie] for movie in known) <= min(rated[movie] for movie in held)


@given(logs, st.randoms())
def test_the_order_of_the_input_says_nothing(people: dict[int, dict[int, int]], random: Random) -> None:
    count = sum(len(movies) for movies in people.values())
    order = random.sample(range(count), count)

    one, other = a_log(people), a_log(people, order)

    assert one.items.tolist() == other.items.tolist()
    assert one.moments.tolist() == other.moments.tolist()


def test_ties_are_not_broken_by_the_id_of_the_movie() -> None:
    people = {user: {1: 5, 2: 5} for user in range(1, 201)}

    held = [one.movie_ids.tolist() for one in split(a_log(people), Protocol.LEAVE_LAST_OUT).asked]

    assert 70 < held.count([1]) < 130
