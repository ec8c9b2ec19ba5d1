"""Which movies of a history speak for which recommendation: the score of ``taste``, taken apart without remainder.

Neighbours vote each for itself. Of the factors: a person's are the least squares over the coordinates that are above
zero, and these are linear in what the history asks for, so that each interaction has a share in every item's score.
"""

from dataclasses import dataclass

import numpy as np

from dataflix.recommender.arrays import Float64Array, Int64Array, Rows
from dataflix.recommender.fold_in import fold_in_rows
from dataflix.recommender.interactions import History
from dataflix.recommender.model import ItemModel
from dataflix.recommender.neighbours import Neighbours
from dataflix.recommender.taste import KnownHistory, factors_spread, votes_spread
from dataflix.recommender.votes import Votes


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What each of n scores consists of: the sum of its row in both tables, and what popularity adds.

    A share below zero speaks against the item.
    """

    movie_ids: Int64Array  # [h], of the history, those that the model knows
    by_factors: Float64Array  # [n, h]
    by_neighbours: Float64Array  # [n, h], of both tables
    by_popularity: Float64Array  # [n]

    @property
    def shares(self) -> Float64Array:
        """What each interaction adds to each score, [n, h]."""
        return self.by_factors + self.by_neighbours

    @property
    def scores(self) -> Float64Array:
        """The scores, [n]."""
        return np.asarray(self.shares.sum(axis=1) + self.by_popularity)


def explain(model: ItemModel, history: History, movie_ids: Int64Array) -> Explanation:
    """Take the scores of these movies apart; each must be one that the model knows."""
    wanted = model.rows_of(movie_ids)
    known = KnownHistory.of(model, history)
    blend = model.blend
    return Explanation(
        model.item_ids[known.rows],
        blend.factors * _by_factors(model, known, wanted),
        _by_next_items(model, known, wanted) + _by_also_chosen(model, known, wanted),
        blend.popularity * model.crowd[wanted].astype(np.float64),
    )


def _by_factors(model: ItemModel, known: KnownHistory, wanted: Rows) -> Float64Array:
    weights = known.weights(model.blend.factors_recency)
    person = fold_in_rows(model, known.rows, weights)
    spread = factors_spread(model, person)
    if not model.blend.factors or not spread:
        return np.zeros((wanted.size, known.rows.size))
    there = np.flatnonzero(person)
    asked = weights[:, None] * model.factors[known.rows[:, None], there].astype(np.float64)
    # Coordinates that depend on each other leave the factors undetermined, yet not what they say of an item.
    parts, *_ = np.linalg.lstsq(model.gram[there[:, None], there], asked.T, rcond=None)
    return np.asarray(model.factors[wanted[:, None], there].astype(np.float64) @ parts / spread)


def _by_next_items(model: ItemModel, known: KnownHistory, wanted: Rows) -> Float64Array:
    weights, part = known.weights(model.blend.next_items_recency), model.blend.next_items
    return part * _by_neighbours(model.next_items, model.next_votes, known.rows, weights, wanted)


def _by_also_chosen(model: ItemModel, known: KnownHistory, wanted: Rows) -> Float64Array:
    weights, part = known.weights(model.blend.also_chosen_recency), model.blend.also_chosen
    return part * _by_neighbours(model.also_chosen, model.also_votes, known.rows, weights, wanted)


def _by_neighbours(
    table: Neighbours | None, votes: Votes | None, rows: Rows, weights: Float64Array, wanted: Rows
) -> Float64Array:
    if table is None or votes is None:
        return np.zeros((wanted.size, rows.size))
    spread = votes_spread(votes.add_up(rows, weights))
    return table.said(rows, wanted).T * weights / spread if spread else np.zeros((wanted.size, rows.size))
