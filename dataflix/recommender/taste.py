"""What a model makes of a history: one score for each of its items, blended of three parts.

The parts count in different units, so each is divided by the standard deviation of its scores over all items of the
model. How far the factors' scores spread follows from their Gram matrix, without a look at any item.
"""

from typing import NamedTuple

import numpy as np

from dataflix.recommender.arrays import Float32Array, Float64Array, Rows
from dataflix.recommender.fold_in import fold_in_rows
from dataflix.recommender.interactions import History, Recency
from dataflix.recommender.model import ItemModel

_ROUNDING = 1e-9  # of the mean square: a smaller variance cannot be told from none


class PersonalParts(NamedTuple):
    """Scores of every item by what rests on the history, with standard deviation 1; None where a part is silent."""

    factors: Float32Array | None
    next_items: Float32Array | None


def taste(model: ItemModel, history: History) -> Float32Array | None:
    """Score of every item of the model, in an array of its own; None when the model knows nothing of this history."""
    blend = model.blend
    known = KnownHistory.of(model, history)
    by_next = _by_next_items(model, known, blend.next_items_recency, blend.next_items)
    by_factors = _by_factors(model, known, blend.factors_recency, blend.factors)
    if by_next is None:
        scores = by_factors
    else:
        scores = by_next
        if by_factors is not None:
            scores += by_factors
    if scores is not None and blend.popularity:
        scores += model.weighted_crowd
    return scores


def personal_parts(model: ItemModel, history: History) -> PersonalParts:
    """The parts that the blend of the model weighs; one that weighs nothing is not computed."""
    blend = model.blend
    known = KnownHistory.of(model, history)
    return PersonalParts(
        factors=_by_factors(model, known, blend.factors_recency, float(blend.factors > 0)),
        next_items=_by_next_items(model, known, blend.next_items_recency, float(blend.next_items > 0)),
    )


class KnownHistory(NamedTuple):
    """What the model knows of a history, the newest first."""

    rows: Rows
    positions: Float64Array
    likings: Float64Array

    @classmethod
    def of(cls, model: ItemModel, history: History) -> "KnownHistory":
        """Those interactions whose movies are items of the model."""
        rows = model.rows_of(history.movie_ids)
        known = np.flatnonzero(rows >= 0)
        return cls(rows[known], history.positions[known], history.likings[known])

    def weighted(self, recency: Recency) -> tuple[Rows, Float64Array]:
        """Where those stand that weigh something, and what they weigh."""
        weights = recency.weights(self.positions) * self.likings
        counted = np.flatnonzero(weights)
        return counted, weights[counted]


def factors_spread(model: ItemModel, person: Float64Array) -> float:
    """The standard deviation, over all items, of what the factors of a person say."""
    return _spread(
        mean=float(model.factor_means @ person), square=float(person @ model.gram @ person) / model.item_ids.size
    )


def votes_spread(votes: Float64Array) -> float:
    """The standard deviation of what the neighbours say of each item."""
    return _spread(mean=float(votes.mean()), square=float(votes @ votes) / votes.size)


def _by_factors(model: ItemModel, known: KnownHistory, recency: Recency, weight: float) -> Float32Array | None:
    """With standard deviation ``weight``; None where that is 0 or nothing can be said."""
    if not weight:
        return None
    counted, weights = known.weighted(recency)
    person = fold_in_rows(model, known.rows[counted], weights)
    spread = factors_spread(model, person)
    if not spread:
        return None
    # all factors, though a person has but some of them: to copy those would take longer
    return (person * (weight / spread)).astype(np.float32) @ model.by_factor


def _by_next_items(model: ItemModel, known: KnownHistory, recency: Recency, weight: float) -> Float32Array | None:
    """As ``_by_factors``."""
    if model.next_items is None or not weight:
        return None
    counted, weights = known.weighted(recency)
    votes = model.next_items.votes(known.rows[counted], weights)
    spread = votes_spread(votes)
    return np.multiply(votes, weight / spread, dtype=np.float32, casting="same_kind") if spread else None


def _spread(mean: float, square: float) -> float:
    """The standard deviation of scores of this mean and mean square; 0 where all are equal."""
    variance = square - mean * mean
    return float(np.sqrt(variance)) if variance > _ROUNDING * square else 0.0
