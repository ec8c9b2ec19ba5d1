"""Which movies a person is shown: by taste where the model knows something of theirs, by popularity where not."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from dataflix.recommender.arrays import Float32Array, Float64Array, Int64Array, Rows
from dataflix.recommender.catalogue import Catalogue
from dataflix.recommender.interactions import History, Interaction
from dataflix.recommender.model import ItemModel
from dataflix.recommender.taste import KnownHistory, taste

_BLOCK: Final = 32


class Basis(StrEnum):
    """What a recommendation rests on, and so what its score means."""

    TASTE = "taste"  # the model's blended score
    POPULARITY = "popularity"  # how many people chose the movie


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One movie and why it stands where it stands. Scores compare within one basis and one list only."""

    movie_id: int
    score: float
    basis: Basis


class Ranking(NamedTuple):
    """Movies, best first: the first ``by_taste`` of them by the model's score, the others by popularity."""

    movie_ids: Int64Array
    scores: Float64Array
    by_taste: int


def recommend(
    model: ItemModel | None, catalogue: Catalogue, history: Iterable[Interaction], *, limit: int
) -> list[Recommendation]:
    """At most ``limit`` movies of the catalogue that are not in ``history``, best first, in the order of ``rank``."""
    seen = History.of(history)
    ranking = rank(model, catalogue, seen, limit)
    bases = [Basis.TASTE] * ranking.by_taste + [Basis.POPULARITY] * (ranking.scores.size - ranking.by_taste)
    rows = zip(ranking.movie_ids.tolist(), ranking.scores.tolist(), bases, strict=True)
    return [Recommendation(*row) for row in rows]


def rank(model: ItemModel | None, catalogue: Catalogue, history: History, limit: int) -> Ranking:
    """The first ``limit`` unseen movies of the catalogue.

    Movies that the model knows come first, by its score, equal ones by popularity; then the movies it does not know,
    by popularity. Without a model, or when it knows nothing of the history, all are ordered by popularity. What is
    still equal is ordered by movie id. A smaller limit gives the beginning of the same list.
    """
    if model is None or not len(history):
        return _by_popularity(catalogue, _unseen(catalogue, catalogue.positions_of(history.movie_ids)), limit)
    known = KnownHistory.of(model, history)
    rows, unknown, same = catalogue.alignment(model)
    seen = known.rows if same else catalogue.positions_of(history.movie_ids)
    known_scores = taste(model, known)
    if known_scores is None:
        return _by_popularity(catalogue, _unseen(catalogue, seen), limit)

    scores = known_scores if same else known_scores.take(rows, mode="wrap")
    scores[unknown] = -np.inf
    scores[seen] = -np.inf
    left = rows.size - unknown.size - int(np.count_nonzero(rows[seen] >= 0))
    best = top(min(limit, left), scores, catalogue.popularity)
    chosen = Ranking(catalogue.movie_ids[best], scores[best].astype(np.float64), best.size)
    if best.size >= limit:
        return chosen
    others = _by_popularity(catalogue, np.setdiff1d(unknown, seen, assume_unique=True), limit - best.size)
    return Ranking(
        np.concatenate([chosen.movie_ids, others.movie_ids]), np.concatenate([chosen.scores, others.scores]), best.size
    )


def predicted_stars(model: ItemModel | None, history: History, movie_ids: Int64Array) -> Float64Array:
    """What the person would give to each movie, 0.5 to 5.0; NaN where there is no model of stars.

    For a movie that the model does not know it is what the person gives on average.
    """
    if model is None or model.stars is None:
        return np.full(movie_ids.size, np.nan)
    rated = ~np.isnan(history.stars)
    return model.stars.predict(model.rows_of(history.movie_ids[rated]), history.stars[rated], model.rows_of(movie_ids))


def top(limit: int, *keys: Float64Array | Float32Array) -> Rows:
    """Positions of the ``limit`` highest, best first: by the first key, equal ones by the next, then by position.

    Only what can still be among them is sorted, so a short list of many movies is cheap.
    """
    if limit <= 0:
        return np.empty(0, dtype=np.intp)
    first = keys[0]
    candidates = np.flatnonzero(first >= _edge(first, limit)) if limit < first.size else np.arange(first.size)
    order = np.lexsort([-key[candidates] for key in reversed(keys)])
    return candidates[order[:limit]]


def _edge(values: Float64Array | Float32Array, limit: int) -> float:
    """A number that at least ``limit`` of the more than ``limit`` values reach, and few others.

    Of a short list from many values it is the ``limit``-th highest maximum of a block, which is much faster to find
    than the ``limit``-th highest value.
    """
    blocks = values.size // _BLOCK
    if blocks > limit:
        values = values[: blocks * _BLOCK].reshape(_BLOCK, blocks).max(axis=0)
    return float(np.partition(values, values.size - limit)[values.size - limit])


def _unseen(catalogue: Catalogue, seen: Rows) -> Rows:
    unseen = np.ones(len(catalogue), dtype=np.bool_)
    unseen[seen] = False
    return np.flatnonzero(unseen)


def _by_popularity(catalogue: Catalogue, positions: Rows, limit: int) -> Ranking:
    people = catalogue.popularity[positions]
    best = top(limit, people)
    return Ranking(catalogue.movie_ids[positions[best]], people[best], 0)
