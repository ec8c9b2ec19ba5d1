"""What holds of every list, whichever parts the model blends."""

from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from item_models import MOVIE_IDS, catalogues, models

from dataflix.recommender import (
    Blend,
    Catalogue,
    History,
    Interaction,
    ItemModel,
    Neighbours,
    Recency,
    interaction_score,
    rank,
    recommend,
)
from dataflix.recommender.recommend import top
from dataflix.recommender.taste import KnownHistory, taste

ROUNDING = 1e-5
weights = st.sampled_from([0.0, 0.05, 0.2, 1.0])
recencies = st.builds(
    Recency, st.sampled_from([1.0, 3.0, 8.0]), st.sampled_from([0.0, 0.05]), st.sampled_from([2.0, np.inf])
)
blends = st.builds(Blend, weights, weights, weights, recencies, recencies, weights, recencies)


@st.composite
def neighbours(draw: st.DrawFn, rows: int) -> Neighbours:
    """Up to five for each row."""
    table = draw(
        st.lists(st.dictionaries(st.integers(0, rows - 1), st.integers(1, 8), max_size=5), min_size=rows, max_size=rows)
    )
    return Neighbours(
        np.cumsum([0, *map(len, table)], dtype=np.int64),
        np.array([item for row in table for item in sorted(row)], dtype=np.int32),
        np.array([row[item] / 8 for row in table for item in sorted(row)], dtype=np.float32),
    )


@st.composite
def blended_models(draw: st.DrawFn, blend: st.SearchStrategy[Blend] = blends) -> ItemModel:
    """Models with neighbours for some of their movies."""
    model = draw(models())
    rows = model.item_ids.size
    next_items, also_chosen = draw(neighbours(rows)), draw(st.none() | neighbours(rows))
    people = draw(st.lists(st.integers(0, 9), min_size=rows, max_size=rows))
    popularity = np.array(people, dtype=np.float32)
    return replace(model, next_items=next_items, also_chosen=also_chosen, popularity=popularity, blend=draw(blend))


@st.composite
def rated_histories(draw: st.DrawFn) -> list[Interaction]:
    """Half a star to five stars, some at the same moment."""
    stars = draw(st.dictionaries(MOVIE_IDS, st.integers(1, 10), min_size=1, max_size=12))
    return [
        Interaction(movie, interaction_score(halves / 2), draw(st.integers(0, 6)), halves / 2)
        for movie, halves in stars.items()
    ]


@given(blended_models(), catalogues(), rated_histories(), st.integers(0, 45))
def test_nobody_is_shown_what_they_have_seen(
    model: ItemModel, catalogue: Catalogue, history: list[Interaction], limit: int
) -> None:
    shown = [one.movie_id for one in recommend(model, catalogue, history, limit=limit)]

    unseen = set(catalogue.movie_ids.tolist()) - {one.movie_id for one in history}
    assert len(shown) == len(set(shown)) == min(limit, len(unseen))
    assert set(shown) <= unseen


@given(blended_models(), catalogues(), rated_histories(), st.randoms(), st.integers(0, 45))
def test_the_list_is_the_same_each_time_and_a_shorter_one_its_beginning(
    model: ItemModel, catalogue: Catalogue, history: list[Interaction], random: Random, limit: int
) -> None:
    whole = recommend(model, catalogue, history, limit=50)

    mixed = random.sample(history, len(history))
    assert recommend(model, catalogue, mixed, limit=50) == whole
    assert recommend(model, catalogue, mixed, limit=limit) == whole[:limit]


@given(blended_models(st.builds(Blend, st.just(0.0), st.just(1.0), st.just(0.0), recencies, recencies)), st.data())
def test_better_stars_never_push_the_nearest_neighbour_down(model: ItemModel, data: st.DataObject) -> None:
    # by what comes next alone: in a blend the other parts may well have a cause
    assert model.next_items is not None
    history = data.draw(rated_histories())
    chosen = data.draw(st.sampled_from(history))
    better = [
        replace(one, stars=5.0, score=interaction_score(5.0)) if one.movie_id == chosen.movie_id else one
        for one in history
    ]
    row = int(model.rows_of([chosen.movie_id])[0])
    everything = np.arange(model.item_ids.size)
    own = model.next_items.said(np.array([row]), everything)[0] if row >= 0 else np.zeros(1)
    before, after = (taste(model, KnownHistory.of(model, History.of(one))) for one in (history, better))
    if before is None or after is None or not own.any():
        return

    nearest = int(np.argmax(own))

    behind = before <= before[nearest]
    assert np.all(after[behind] <= after[nearest] + ROUNDING)


@given(blended_models(), rated_histories())
def test_scores_are_a_fresh_array_each_time(model: ItemModel, history: list[Interaction]) -> None:
    catalogue = Catalogue.of(model)
    once = rank(model, catalogue, History.of(history), 5)

    again = rank(model, catalogue, History.of(history), 5)

    assert once.movie_ids.tolist() == again.movie_ids.tolist()
    assert once.scores.tolist() == again.scores.tolist()


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=400), st.integers(0, 12), st.booleans())
def test_the_top_of_many_is_the_beginning_of_all_sorted(values: list[int], limit: int, some_left_out: bool) -> None:
    scores = np.array(values, dtype=np.float32)
    if some_left_out:
        scores[::3] = -np.inf
    second = np.arange(scores.size, dtype=np.float64) % 5

    found = top(limit, scores, second)

    expected = sorted(range(scores.size), key=lambda place: (-scores[place], -second[place], place))
    assert found.tolist() == expected[:limit]
