"""What a person is shown."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from item_models import a_catalogue, a_model, catalogues, histories, models, rated

from dataflix.recommender import Basis, Catalogue, Interaction, ItemModel, recommend

# Movies 1 to 3 are crime, 4 to 6 romance.
MODEL = a_model([[2.0, 0.0], [1.5, 0.0], [1.0, 0.1], [0.0, 2.0], [0.0, 1.5], [0.1, 1.0]])
maybe_models = st.one_of(st.none(), models())
limits = st.integers(0, 45)


def movies(model: ItemModel | None, catalogue: Catalogue, history: list[Interaction], limit: int = 50) -> list[int]:
    return [one.movie_id for one in recommend(model, catalogue, history, limit=limit)]


def test_who_likes_crime_is_shown_crime_first() -> None:
    catalogue = a_catalogue(1, 2, 3, 4, 5, 6)

    assert movies(MODEL, catalogue, rated((1, 3.8)), limit=2) == [2, 3]


def test_one_new_rating_changes_the_list() -> None:
    catalogue = a_catalogue(1, 2, 3, 4, 5, 6)
    before = movies(MODEL, catalogue, rated((1, 3.5)))

    after = movies(MODEL, catalogue, rated((1, 3.5), (4, 3.8)))

    assert before[:2] == [2, 3]
    assert after[0] == 5


def test_a_movie_rated_half_a_star_is_not_recommended_again() -> None:
    assert 2 not in movies(MODEL, a_catalogue(1, 2, 3), rated((1, 3.5), (2, 0.35)))


@pytest.mark.parametrize("model", [MODEL, None])
def test_somebody_new_is_shown_what_most_people_chose(model: ItemModel | None) -> None:
    catalogue = a_catalogue(1, 2, 3, m1=1, m2=5, m3=2)

    assert movies(model, catalogue, []) == [2, 3, 1]
    assert {one.basis for one in recommend(model, catalogue, [], limit=3)} == {Basis.POPULARITY}


def test_a_history_of_which_the_model_knows_nothing_leaves_popularity() -> None:
    catalogue = a_catalogue(1, 2, 98, m1=1, m2=5, m98=2)

    assert movies(MODEL, catalogue, rated((97, 3.8))) == [2, 98, 1]


def test_movies_that_the_model_does_not_know_come_last_by_popularity() -> None:
    catalogue = a_catalogue(1, 2, 97, 98, 99, m97=3, m98=9, m99=3)

    shown = recommend(MODEL, catalogue, rated((1, 3.5)), limit=9)

    assert [one.movie_id for one in shown] == [2, 98, 97, 99]
    assert [one.basis for one in shown] == [Basis.TASTE, *[Basis.POPULARITY] * 3]


def test_movies_of_equal_score_are_ordered_by_popularity_and_then_by_id() -> None:
    catalogue = a_catalogue(1, 4, 5, 6, m5=2)

    # somebody of crime alone: no romance says anything to them but the sixth, which has a little crime in it
    assert movies(MODEL, catalogue, rated((1, 3.5))) == [6, 5, 4]


def test_a_deleted_movie_is_not_recommended() -> None:
    catalogue = a_catalogue(1, 2, 3)
    catalogue.remove(2)

    assert movies(MODEL, catalogue, rated((1, 3.5))) == [3]


@given(maybe_models, catalogues(), histories, limits)
def test_nobody_is_shown_what_they_have_seen_or_what_does_not_exist(
    model: ItemModel | None, catalogue: Catalogue, history: list[Interaction], limit: int
) -> None:
    seen = {one.movie_id for one in history}

    shown = movies(model, catalogue, history, limit)

    assert all(movie_id in catalogue and movie_id not in seen for movie_id in shown)


@given(maybe_models, catalogues(), histories)
def test_every_unseen_movie_is_shown_once_when_the_limit_allows(
    model: ItemModel | None, catalogue: Catalogue, history: list[Interaction]
) -> None:
    unseen = set(catalogue.movie_ids.tolist()) - {one.movie_id for one in history}

    assert sorted(movies(model, catalogue, history)) == sorted(unseen)


@given(maybe_models, catalogues(), histories, limits, limits)
def test_a_shorter_list_is_the_beginning_of_a_longer_one(
    model: ItemModel | None, catalogue: Catalogue, history: list[Interaction], one: int, other: int
) -> None:
    short, long = sorted((one, other))

    assert recommend(model, catalogue, history, limit=short) == recommend(model, catalogue, history, limit=long)[:short]


@given(maybe_models, catalogues(), histories, st.randoms())
def test_the_same_history_gives_the_same_list_in_whatever_order_it_comes(
    model: ItemModel | None, catalogue: Catalogue, history: list[Interaction], random: Random
) -> None:
    shuffled = random.sample(history, len(history))

    assert recommend(model, catalogue, shuffled, limit=20) == recommend(model, catalogue, history, limit=20)


@given(models(), catalogues(), histories)
def test_scores_fall_within_one_basis_and_taste_comes_before_popularity(
    model: ItemModel, catalogue: Catalogue, history: list[Interaction]
) -> None:
    shown = recommend(model, catalogue, history, limit=50)

    rank: Callable[[Basis], int] = [Basis.TASTE, Basis.POPULARITY].index
    order = [(rank(one.basis), -one.score) for one in shown]
    assert order == sorted(order)
