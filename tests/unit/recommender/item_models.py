"""Builders of small models, catalogues and histories."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from dataflix.recommender import Catalogue, Interaction, ItemModel


def a_model(factors: Sequence[Sequence[float]], item_ids: Sequence[int] | None = None) -> ItemModel:
    """A model with one row of factors for each item; items are 1, 2, ... unless named."""
    return ItemModel(
        np.array(item_ids or range(1, len(factors) + 1), dtype=np.int64),
        np.array(factors, dtype=np.float32),
        np.ones(len(factors), dtype=np.float32),
    )


def a_catalogue(*movie_ids: int, **people: int) -> Catalogue:
    """A catalogue; ``m3=7`` says that seven people chose movie 3."""
    catalogue = Catalogue(movie_ids)
    for name, count in people.items():
        catalogue.count(int(name.removeprefix("m")), count)
    return catalogue


def rated(*scores: tuple[int, float]) -> list[Interaction]:
    """A history of (movie, score), the first one the oldest."""
    return [Interaction(movie_id, score, at) for at, (movie_id, score) in enumerate(scores)]


MOVIE_IDS = st.integers(1, 40)

histories = st.lists(
    st.builds(Interaction, MOVIE_IDS, st.floats(0.35, 3.8), st.integers(1_600_000_000_000_000, 1_600_000_000_000_009)),
    max_size=15,
    unique_by=lambda one: one.movie_id,
)


@st.composite
def models(draw: st.DrawFn) -> ItemModel:
    """Models of up to 25 of the movies, some of whose factors are zero, as a factorisation leaves them."""
    item_ids = sorted(draw(st.sets(MOVIE_IDS, min_size=1, max_size=25)))
    rank = draw(st.integers(1, 6))
    factor = st.one_of(st.just(0.0), st.floats(1 / 64, 4, width=32))
    rows = draw(
        st.lists(st.lists(factor, min_size=rank, max_size=rank), min_size=len(item_ids), max_size=len(item_ids))
    )
    return a_model(rows, item_ids)


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    """Catalogues of some of the movies, with counts for some of them and for others."""
    catalogue = Catalogue(draw(st.sets(MOVIE_IDS)))
    for movie_id, people in draw(st.dictionaries(MOVIE_IDS, st.integers(1, 5))).items():
        catalogue.count(movie_id, people)
    return catalogue
