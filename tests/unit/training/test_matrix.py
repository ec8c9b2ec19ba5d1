"""Interactions become a sparse matrix, and a part of it is put aside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interactions import a_block, two_tastes

from training.errors import UnfitData
from training.matrix import Block, build_matrix, hold_out

cells = st.dictionaries(
    st.tuples(st.integers(1, 9), st.integers(1, 9)), st.sampled_from([0.35, 1.0, 3.8]), min_size=4
).filter(lambda found: len({user for user, _ in found}) > 1 and len({movie for _, movie in found}) > 1)


def test_people_are_rows_and_movies_columns_in_the_order_of_their_ids() -> None:
    matrix = build_matrix([a_block([(9, 20, 3.5)]), a_block([(2, 30, 1.0), (9, 10, 0.35)])])

    assert matrix.user_ids.tolist() == [2, 9]
    assert matrix.item_ids.tolist() == [10, 20, 30]
    assert matrix.cells.toarray().tolist() == [pytest.approx([0, 0, 1.0]), pytest.approx([0.35, 3.5, 0])]


def test_sparsity_is_the_share_of_cells_without_an_interaction() -> None:
    assert build_matrix([a_block([(1, 1, 1.0), (2, 2, 1.0), (1, 2, 1.0)])]).sparsity == 0.25


def test_popularity_counts_people_and_not_their_stars() -> None:
    matrix = build_matrix([a_block([(1, 1, 0.35), (2, 1, 0.35), (1, 2, 3.8)])])

    assert matrix.popularity.tolist() == [2, 1]


@given(cells, st.randoms())
def test_blocks_may_come_in_any_order(found: dict[tuple[int, int], float], random: object) -> None:
    rows = [(*pair, score) for pair, score in found.items()]
    whole = build_matrix([a_block(rows)])

    pieces = build_matrix(a_block([row]) for row in sorted(rows, key=lambda row: -row[2]))

    assert (pieces.cells != whole.cells).nnz == 0
    assert pieces.item_ids.tolist() == whole.item_ids.tolist()


@pytest.mark.parametrize(
    "blocks",
    [[], [a_block([(1, 1, 1.0), (1, 2, 1.0)])], [a_block([(1, 1, 1.0), (2, 1, 1.0)])]],
    ids=["nothing", "one person", "one movie"],
)
def test_too_little_data_is_refused(blocks: list[Block]) -> None:
    with pytest.raises(UnfitData, match=r"needs at least 2 people and 2 movies"):
        build_matrix(blocks)


@pytest.mark.parametrize("score", [0.0, -1.0, float("nan"), float("inf")])
def test_scores_that_are_not_above_zero_are_refused(score: float) -> None:
    with pytest.raises(UnfitData, match="not above zero"):
        build_matrix([a_block([(1, 1, 1.0), (2, 2, score)])])


def test_a_person_who_chose_a_movie_twice_is_refused() -> None:
    with pytest.raises(UnfitData, match="1 interactions are not the only one"):
        build_matrix([a_block([(1, 1, 1.0), (2, 2, 1.0), (1, 1, 2.0)])])


@given(cells, st.floats(0, 1), st.integers(0, 99))
def test_what_is_kept_and_what_is_held_out_are_the_whole(
    found: dict[tuple[int, int], float], share: float, seed: int
) -> None:
    matrix = build_matrix([a_block((*pair, score) for pair, score in found.items())])

    aside = hold_out(matrix, share, seed)

    together = aside.kept.toarray()
    assert not together[aside.held_rows, aside.held_columns].any()
    together[aside.held_rows, aside.held_columns] = aside.held_scores
    assert np.array_equal(together, matrix.cells.toarray())


@given(cells, st.integers(0, 99))
def test_every_person_keeps_something(found: dict[tuple[int, int], float], seed: int) -> None:
    matrix = build_matrix([a_block((*pair, score) for pair, score in found.items())])

    assert (np.diff(hold_out(matrix, 1.0, seed).kept.indptr) == 1).all()


def test_the_share_is_met_and_the_seed_decides() -> None:
    matrix = build_matrix([two_tastes(people=200, movies=40)])

    first, again, other = hold_out(matrix, 0.2, 1), hold_out(matrix, 0.2, 1), hold_out(matrix, 0.2, 2)

    assert first.held_scores.size == pytest.approx(0.2 * matrix.cells.nnz, rel=0.1)
    assert np.array_equal(first.held_columns, again.held_columns)
    assert not np.array_equal(first.held_columns, other.held_columns)
