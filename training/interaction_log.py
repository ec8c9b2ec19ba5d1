"""Who chose what when: the interactions that a model is fitted to, in the order in which each person made them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataflix.recommender.arrays import Float32Array, Float64Array, Int64Array, Rows
from dataflix.recommender.interactions import History, shared_places
from training.errors import UnfitData

FEWEST_PEOPLE = 2
FEWEST_ITEMS = 2


class Block(NamedTuple):
    """A run of interactions as columns of equal length, in any order."""

    user_ids: Int64Array
    movie_ids: Int64Array
    scores: Float64Array
    stars: Float64Array  # NaN for a movie that was watched and not rated
    moments: Int64Array  # microseconds since 1970, UTC


@dataclass(frozen=True, slots=True, eq=False)
class InteractionLog:
    """Interactions by person, each person's oldest first.

    Interactions of one moment have no order of their own. They stand in one that is drawn from their two ids, so that
    it says nothing and is the same each time.
    """

    user_ids: Int64Array  # [users], ascending
    item_ids: Int64Array  # [items], ascending
    users: Rows  # row in user_ids, of each interaction
    items: Rows  # row in item_ids
    scores: Float32Array
    stars: Float32Array  # NaN for not rated
    moments: Int64Array

    def __len__(self) -> int:
        return self.users.size

    @property
    def starts(self) -> Int64Array:
        """Where each person's interactions begin, and the end of the last one's: [users + 1]."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.users, minlength=self.user_ids.size))])

    @property
    def sparsity(self) -> float:
        """The share of pairs of a person and an item without an interaction, from 0 to 1."""
        return 1.0 - len(self) / (self.user_ids.size * self.item_ids.size)

    @property
    def popularity(self) -> Float32Array:
        """How many people interacted with each item."""
        return np.bincount(self.items, minlength=self.item_ids.size).astype(np.float32)

    def where(self, chosen: NDArray[np.bool_]) -> "InteractionLog":
        """The chosen interactions, with the people and items that are left. May be empty."""
        user_ids, users = np.unique(self.users[chosen], return_inverse=True)
        item_ids, items = np.unique(self.items[chosen], return_inverse=True)
        return InteractionLog(
            self.user_ids[user_ids],
            self.item_ids[item_ids],
            users,
            items,
            self.scores[chosen],
            self.stars[chosen],
            self.moments[chosen],
        )

    def history(self, start: int, end: int) -> History:
        """The interactions from ``start`` up to ``end``, all of one person, as serving sees them."""
        newest_first = np.arange(end - 1, start - 1, -1)
        return History(
            self.item_ids[self.items[newest_first]],
            self.scores[newest_first].astype(np.float64),
            self.stars[newest_first].astype(np.float64),
            shared_places(self.moments[newest_first]),
        )


def build_log(blocks: Iterable[Block]) -> InteractionLog:
    """One log of all blocks, whatever their order.

    Raises UnfitData for fewer than two people or items, for scores that are not positive numbers, and for two
    interactions of one person with one item.
    """
    parts = list(blocks)
    users = np.concatenate([np.empty(0, np.int64), *(part.user_ids for part in parts)])
    movies = np.concatenate([np.empty(0, np.int64), *(part.movie_ids for part in parts)])
    scores = np.concatenate([np.empty(0, np.float32), *(part.scores.astype(np.float32) for part in parts)])
    stars = np.concatenate([np.empty(0, np.float32), *(part.stars.astype(np.float32) for part in parts)])
    moments = np.concatenate([np.empty(0, np.int64), *(part.moments for part in parts)])
    order = np.lexsort((lot(users, movies), moments, users))
    user_ids, rows = np.unique(users[order], return_inverse=True)
    item_ids, columns = np.unique(movies[order], return_inverse=True)
    if user_ids.size < FEWEST_PEOPLE or item_ids.size < FEWEST_ITEMS:
        raise UnfitData(
            f"There are interactions of {user_ids.size} people with {item_ids.size} movies, and a model needs at least "
            f"{FEWEST_PEOPLE} people and {FEWEST_ITEMS} movies: load or import data, run dbt, then train again."
        )
    if not np.isfinite(scores).all() or np.any(scores <= 0):
        raise UnfitData("There are interaction scores that are not above zero: see the dbt tests of the matrix.")
    different = np.unique(rows * item_ids.size + columns).size
    if different != rows.size:
        raise UnfitData(
            f"{rows.size - different} interactions are not the only one of their person with their movie: "
            "see the dbt tests of the matrix."
        )
    return InteractionLog(user_ids, item_ids, rows, columns, scores[order], stars[order], moments[order])


def lot(user_ids: Int64Array, movie_ids: Int64Array) -> NDArray[np.uint64]:
    """A number for each pair that looks drawn at random and is the same each time (the mixer of SplitMix64).

    Data sets list movies by id: to break ties in that order would show a model which of two movies it lists first.
    """
    mixed = user_ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + movie_ids.astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
