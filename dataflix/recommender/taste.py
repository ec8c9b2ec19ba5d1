"""What a model makes of a history: one score for each of its items, blended of four parts.

The parts count in different units, so each is divided by the standard deviation of its scores over all items of the
model. How far the factors' scores spread follows from their Gram matrix, without a look at any item.
"""

from typing import Final, NamedTuple

import numpy as np

from dataflix.recommender.arrays import Float32Array, Float64Array, Rows
from dataflix.recommender.fold_in import fold_in_rows
from dataflix.recommender.interactions import History, Recency
from dataflix.recommender.model import Blend, ItemModel, Weights
from dataflix.recommender.votes import Votes

# Of the mean square: a smaller variance cannot be told from none
_ROUNDING: Final = 1e-9
_ROUNDING_OF_VOTES: Final = 1e-5  # which are added up in single precision


class PersonalParts(NamedTuple):
    """Scores of every item by what rests on the history, with standard deviation 1; None where a part is silent."""

    factors: Float32Array | None
    next_items: Float32Array | None
    also_chosen: Float32Array | None


class KnownHistory(NamedTuple):
    """What the model knows of a history, the newest first."""

    rows: Rows
    positions: Float64Array
    likings: Float64Array

    @classmethod
    def of(cls, model: ItemModel, history: History) -> "KnownHistory":
        """Those interactions whose movies are items of the model."""
        rows = model.rows_of(history.movie_ids)
        known = rows >= 0
        if known.all():
            return cls(rows, history.positions, history.likings)
        return cls(rows[known], history.positions[known], history.likings[known])

    def weights(self, recency: Recency) -> Float64Array:
        """What each weighs."""
        return recency.weights(self.positions) * self.likings

    def weighted(self, recency: Recency) -> tuple[Rows, Float64Array]:
        """The rows that weigh something, and what they weigh."""
        weights = self.weights(recency)
        counted = weights > 0
        return (self.rows, weights) if counted.all() else (self.rows[counted], weights[counted])


def taste(model: ItemModel, known: KnownHistory) -> Float32Array | None:
    """Score of every item of the model, in an array of its own; None when the model knows nothing of this history."""
    parts = [part for part in _parts(model, known, model.blend) if part is not None]
    if not parts:
        return None
    scores = parts[0]
    for part in parts[1:]:
        scores += part
    if model.blend.popularity:
        scores += model.weighted_crowd
    return scores


def personal_parts(model: ItemModel, history: History) -> PersonalParts:
    """The parts that the blend of the model weighs; one that weighs nothing is not computed."""
    told = Weights(*(float(weight > 0) for weight in model.blend.weights))
    return _parts(model, KnownHistory.of(model, history), model.blend.weighing(told))


def factors_spread(model: ItemModel, person: Float64Array) -> float:
    """The standard deviation, over all items, of what the factors of a person say."""
    return _spread(
        mean=float(model.factor_means @ person), square=float(person @ model.gram @ person) / model.item_ids.size
    )


def votes_spread(votes: Float32Array) -> float:
    """The standard deviation of what the neighbours say of each item."""
    mean, square = float(votes.sum()) / votes.size, float(votes @ votes) / votes.size
    return _spread(mean, square, _ROUNDING_OF_VOTES)


def _parts(model: ItemModel, known: KnownHistory, blend: Blend) -> PersonalParts:
    """Each with the standard deviation that ``blend`` gives it."""
    return PersonalParts(
        factors=_by_factors(model, known, blend.factors_recency, blend.factors),
        next_items=_by_votes(model.next_votes, known, blend.next_items_recency, blend.next_items),
        also_chosen=_by_votes(model.also_votes, known, blend.also_chosen_recency, blend.also_chosen),
    )


def _by_factors(model: ItemModel, known: KnownHistory, recency: Recency, weight: float) -> Float32Array | None:
    """With standard deviation ``weight``; None where that is 0 or nothing can be said."""
    if not weight:
        return None
    person = fold_in_rows(model, *known.weighted(recency))
    spread = factors_spread(model, person)
    if not spread:
        return None
    scaled = (person * (weight / spread)).astype(np.float32)
    there = scaled.nonzero()[0]
    if there.size > scaled.size // 2:
        return scaled @ model.by_factor
    return scaled[there] @ model.by_factor.take(there, axis=0)  # to copy a few is faster than to read all


def _by_votes(table: Votes | None, known: KnownHistory, recency: Recency, weight: float) -> Float32Array | None:
    """As ``_by_factors``."""
    if table is None or not weight:
        return None
    votes = table.add_up(*known.weighted(recency))
    spread = votes_spread(votes)
    if not spread:
        return None
    votes *= np.float32(weight / spread)
    return votes


def _spread(mean: float, square: float, rounding: float = _ROUNDING) -> float:
    """The standard deviation of scores of this mean and mean square; 0 where all are equal."""
    variance = square - mean * mean
    return float(np.sqrt(variance)) if variance > rounding * square else 0.0
