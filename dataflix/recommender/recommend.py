"""Which movies a person is shown: by taste where the model knows something of theirs, by popularity where not."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dataflix.recommender.catalogue import Catalogue
from dataflix.recommender.fold_in import NEWEST_FIRST, Recency, fold_in
from dataflix.recommender.interactions import Interaction
from dataflix.recommender.model import Float64Array, ItemModel


class Basis(StrEnum):
    """What a recommendation rests on, and so what its score means."""

    TASTE = "taste"  # the model's estimate of the interaction score
    POPULARITY = "popularity"  # how many people chose the movie


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One movie and why it stands where it stands. Scores compare within one basis only."""

    movie_id: int
    score: float
    basis: Basis


def recommend(
    model: ItemModel | None,
    catalogue: Catalogue,
    history: Iterable[Interaction],
    *,
    limit: int,
    recency: Recency = NEWEST_FIRST,
) -> list[Recommendation]:
    """At most ``limit`` movies of the catalogue that are not in ``history``, best first.

    Movies that the model knows come first, by estimated score, equal ones by popularity; then the movies it does not
    know, by popularity. Without a model, or when it knows nothing of the history, all are ordered by popularity. What
    is still equal is ordered by movie id. A smaller limit gives the beginning of the same list.
    """
    seen = list(history)
    unseen = np.ones(len(catalogue), dtype=np.bool_)
    unseen[catalogue.positions_of(one.movie_id for one in seen)] = False
    taste = fold_in(model, seen, recency) if model is not None and seen else None
    if model is None or taste is None or not taste.any():
        return _by_popularity(catalogue, np.flatnonzero(unseen), limit)

    rows = catalogue.rows_in(model)
    known = np.flatnonzero(unseen & (rows >= 0))
    scores = (model.factors @ taste.astype(np.float32))[rows[known]].astype(np.float64)
    best = known[top(limit, scores, catalogue.popularity[known])]
    chosen = _listed(catalogue, best, scores[np.searchsorted(known, best)], Basis.TASTE)
    if len(chosen) < limit:
        chosen += _by_popularity(catalogue, np.flatnonzero(unseen & (rows < 0)), limit - len(chosen))
    return chosen


def top(limit: int, *keys: Float64Array) -> NDArray[np.intp]:
    """Positions of the ``limit`` highest, best first: by the first key, equal ones by the next, then by position.

    Only what can still be among them is sorted, so a short list of many movies is cheap.
    """
    if limit <= 0:
        return np.empty(0, dtype=np.intp)
    first = keys[0]
    if limit < first.size:
        candidates = np.flatnonzero(first >= np.partition(first, first.size - limit)[first.size - limit])
    else:
        candidates = np.arange(first.size)
    order = np.lexsort([-key[candidates] for key in reversed(keys)])
    return candidates[order[:limit]]


def _by_popularity(catalogue: Catalogue, positions: NDArray[np.intp], limit: int) -> list[Recommendation]:
    people = catalogue.popularity[positions]
    best = top(limit, people)
    return _listed(catalogue, positions[best], people[best], Basis.POPULARITY)


def _listed(
    catalogue: Catalogue, positions: NDArray[np.intp], scores: Float64Array, basis: Basis
) -> list[Recommendation]:
    movies = catalogue.movie_ids[positions].tolist()
    return [Recommendation(*pair, basis) for pair in zip(movies, scores.tolist(), strict=True)]
