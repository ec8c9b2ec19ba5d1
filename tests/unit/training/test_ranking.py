"""NDCG@10 of held-out choices among everything a person had not seen."""

from collections.abc import Sequence

import numpy as np
import pytest
from interactions import a_block
from numpy.typing import NDArray
from scipy import sparse

from dataflix.recommender.model import Float64Array
from training import ranking
from training.matrix import Cells, HoldOut, build_matrix, hold_out
from training.ranking import ndcg


def split(kept: Sequence[Sequence[int]], held: Sequence[tuple[int, int]]) -> HoldOut:
    cells: Cells = sparse.csr_array(np.array(kept, dtype=np.float32))
    rows, columns = (np.array(part, dtype=np.intp) for part in zip(*held, strict=True))
    return HoldOut(cells, rows, columns, np.ones(len(held), np.float32))


def always(*rows: Sequence[float]) -> ranking.Scores:
    def scores(people: NDArray[np.intp]) -> Float64Array:
        return np.array(rows, dtype=np.float64)[people]

    return scores


def test_the_best_place_is_worth_one_and_the_second_less() -> None:
    aside = split([[1, 0, 0, 0], [1, 0, 0, 0]], [(0, 1), (1, 2)])

    worth = ndcg(always([0, 3, 2, 1], [0, 3, 2, 1]), aside, seed=0)

    assert worth.tolist() == pytest.approx([1.0, 1 / np.log2(3)])


def test_what_a_person_had_seen_takes_no_place() -> None:
    aside = split([[1, 1, 0, 0]], [(0, 2)])

    assert ndcg(always([9, 8, 2, 1]), aside, seed=0).tolist() == [1.0]


def test_two_choices_on_the_first_two_places_are_worth_one() -> None:
    aside = split([[1, 0, 0, 0]], [(0, 2), (0, 3)])

    assert ndcg(always([0, 1, 3, 2]), aside, seed=0).tolist() == pytest.approx([1.0])


def test_a_ranking_that_tells_nothing_apart_is_worth_the_mean_of_all_orders() -> None:
    aside = split([[1, 0, 0, 0]], [(0, 1)])

    expected = (1 + 1 / np.log2(3) + 1 / np.log2(4)) / 3
    assert ndcg(always([5, 5, 5, 5]), aside, seed=0).tolist() == pytest.approx([expected])


def test_beyond_ten_places_nothing_counts() -> None:
    aside = split([[1] + [0] * 11], [(0, 11)])

    assert ndcg(always(list(range(12, 0, -1))), aside, seed=0).tolist() == [0.0]


def test_of_very_many_people_the_same_ones_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "MOST_PEOPLE", 5)
    matrix = build_matrix([a_block((user, movie, 1.0) for user in range(30) for movie in range(6))])
    aside = hold_out(matrix, 0.5, seed=1)
    scores = always(*np.random.default_rng(3).random((30, 6)).tolist())

    assert ndcg(scores, aside, seed=2).size == 5
    assert ndcg(scores, aside, seed=2).tolist() == ndcg(scores, aside, seed=2).tolist()
