"""Ratings of one second stand in the order of the file, or in none."""

from pathlib import Path
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from movielens_folder import write_movielens

from training.interaction_log import InteractionLog
from training.movielens.data_set import DataSet, Ratings
from training.movielens.files import read_data_set
from training.movielens.log import Ties, interaction_log
from training.splits import Protocol, split

lines = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(0, 3)),
    min_size=4,
    max_size=30,
    unique_by=lambda line: line[:2],
).filter(lambda found: len({user for user, *_ in found}) > 1 and len({movie for _, movie, _ in found}) > 1)


def a_log(rows: list[tuple[int, int, int]], ties: Ties) -> InteractionLog:
    users, movies, seconds = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return interaction_log(DataSet("tied", [], Ratings(users, movies, np.full(users.size, 4.0), seconds)), ties)


def orders_of(log: InteractionLog) -> dict[int, list[int]]:
    starts = log.starts.tolist()
    movies = log.item_ids[log.items].tolist()
    return {
        user: movies[start:end] for user, start, end in zip(log.user_ids.tolist(), starts, starts[1:], strict=False)
    }


@given(lines)
def test_the_file_breaks_ties_as_a_stable_sort_by_time_does(rows: list[tuple[int, int, int]]) -> None:
    expected: dict[int, list[int]] = {}
    for user, movie, _ in sorted(rows, key=lambda row: row[2]):
        expected.setdefault(user, []).append(movie)

    log = a_log(rows, Ties.FILE)

    assert orders_of(log) == expected
    assert all(np.diff(log.moments[log.users == row]).min(initial=1) > 0 for row in range(log.user_ids.size))


@given(lines, st.randoms())
def test_where_ties_are_neutral_the_order_of_the_file_says_nothing(
    rows: list[tuple[int, int, int]], random: Random
) -> None:
    mixed = list(rows)
    random.shuffle(mixed)

    assert orders_of(a_log(rows, Ties.NEUTRAL)) == orders_of(a_log(mixed, Ties.NEUTRAL))


def test_the_last_line_of_the_newest_second_is_what_is_left_out(tmp_path: Path) -> None:
    ratings = ("1,5,4.0,100", "1,1,4.0,100", "1,2,4.0,99", "2,1,3.0,50", "2,2,3.0,50", "2,5,3.0,50")
    data_set = read_data_set(write_movielens(tmp_path, ratings=ratings))

    divided = split(interaction_log(data_set, Ties.FILE), Protocol.LEAVE_LAST_OUT)

    assert {one.user_id: one.movie_ids.tolist() for one in divided.asked} == {1: [1], 2: [5]}
    assert [one.history.movie_ids.tolist() for one in divided.asked] == [[5, 2], [2, 1]]
