"""Why a movie is recommended: what each movie of the history adds to its score."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from item_models import a_model, histories, models, rated

from dataflix.recommender import EVEN, Blend, Explanation, History, Interaction, ItemModel, Neighbours, Recency, explain
from dataflix.recommender.taste import KnownHistory, taste

# Movies 1 to 3 are crime, 4 to 6 romance; who chose movie 1 went on to movie 6.
CRIME_AND_ROMANCE = replace(
    a_model([[2.0, 0.0], [1.5, 0.0], [1.0, 0.1], [0.0, 2.0], [0.0, 1.5], [0.1, 1.0]]),
    next_items=Neighbours(
        np.array([0, 1, 1, 1, 1, 1, 1], dtype=np.int64), np.array([5], dtype=np.int32), np.ones(1, dtype=np.float32)
    ),
    blend=Blend(factors=1.0, next_items=0.5, popularity=0.2, factors_recency=EVEN, next_items_recency=EVEN),
)


def explained(model: ItemModel, history: Sequence[Interaction], *movie_ids: int) -> Explanation:
    return explain(model, History.of(history), np.array(movie_ids, dtype=np.int64))


@st.composite
def blended_models(draw: st.DrawFn) -> ItemModel:
    """Models with neighbours, of which any part may say nothing."""
    model = draw(models())
    count = model.item_ids.size
    weight = st.sampled_from([0.0, 0.5, 1.0])
    recency = st.builds(Recency, st.sampled_from([0.2, 1.0, 3.0]), st.sampled_from([0.0, 0.05, 1.0]))
    return replace(
        model,
        popularity=np.arange(count, dtype=np.float32),
        next_items=draw(neighbours(count, weight)),
        also_chosen=draw(st.none() | neighbours(count, weight)),
        blend=Blend(
            draw(weight), draw(weight), draw(weight), draw(recency), draw(recency), draw(weight), draw(recency)
        ),
    )


@st.composite
def neighbours(draw: st.DrawFn, count: int, weight: st.SearchStrategy[float]) -> Neighbours:
    """Up to four for each item."""
    said = draw(
        st.lists(st.dictionaries(st.integers(0, count - 1), weight, max_size=4), min_size=count, max_size=count)
    )
    return Neighbours(
        np.cumsum([0, *map(len, said)], dtype=np.int64),
        np.array([item for row in said for item in row], dtype=np.int32),
        np.array([number for row in said for number in row.values()], dtype=np.float32),
    )


@given(blended_models(), histories)
def test_what_the_history_adds_and_what_popularity_adds_is_the_score(
    model: ItemModel, history: list[Interaction]
) -> None:
    scores = taste(model, KnownHistory.of(model, History.of(history)))
    explanation = explained(model, history, *model.item_ids.tolist())
    if scores is None:
        assert not explanation.shares.any()
    else:
        np.testing.assert_allclose(explanation.scores, scores, rtol=1e-4, atol=1e-4)


@given(blended_models(), histories)
def test_no_neighbour_speaks_against_a_movie(model: ItemModel, history: list[Interaction]) -> None:
    assert (explained(model, history, *model.item_ids.tolist()).by_neighbours >= 0).all()


def test_the_crime_speaks_for_crime_and_the_romance_for_romance() -> None:
    explanation = explained(CRIME_AND_ROMANCE, rated((1, 3.5), (4, 3.5)), 2, 5)
    by_movie = dict(zip(explanation.movie_ids.tolist(), explanation.by_factors.T, strict=True))
    assert by_movie[1][0] > by_movie[4][0]
    assert by_movie[4][1] > by_movie[1][1]


def test_a_neighbour_speaks_for_what_people_went_on_to_and_for_nothing_else() -> None:
    explanation = explained(CRIME_AND_ROMANCE, rated((4, 3.5), (1, 3.5)), 6, 5)
    by_movie = dict(zip(explanation.movie_ids.tolist(), explanation.by_neighbours.T.tolist(), strict=True))
    assert by_movie[1][0] > 0
    assert (by_movie[1][1], by_movie[4]) == (0, [0, 0])


def test_movies_that_the_model_does_not_know_explain_nothing() -> None:
    assert explained(CRIME_AND_ROMANCE, rated((98, 3.5), (1, 3.5)), 2).movie_ids.tolist() == [1]


def test_factors_that_depend_on_each_other_are_explained_all_the_same() -> None:
    doubled = a_model([[2.0, 2.0], [1.5, 1.5], [1.0, 1.0], [0.5, 0.5]])
    history = rated((1, 3.5), (2, 2.0))
    scores = taste(doubled, KnownHistory.of(doubled, History.of(history)))
    assert scores is not None
    np.testing.assert_allclose(explained(doubled, history, 3, 4).scores, scores[2:], rtol=1e-4)
