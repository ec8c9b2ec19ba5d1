"""The movies that may be recommended, and how many people chose each: kept up to date one change at a time."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from dataflix.recommender.arrays import Float32Array, Float64Array, Int64Array, Rows
from dataflix.recommender.model import ItemModel


class Alignment(NamedTuple):
    """A catalogue beside a model."""

    rows: Rows  # the row in the model of each movie, -1 for a movie that it does not know
    unknown: Rows  # positions in the catalogue of the movies that the model does not know
    same: bool  # the catalogue lists the items of the model, and nothing else


class Catalogue:
    """Follows the movies table and the interactions; ``recommend`` reads it as arrays.

    A count may arrive before its movie does (they come on different topics), and is kept for it. One thread at a time.
    """

    def __init__(self, movie_ids: Iterable[int] = ()) -> None:
        self._movies = set(movie_ids)
        self._people: dict[int, int] = {}
        self._ids: Int64Array | None = None
        self._popularity: Float64Array | None = None
        self._aligned: tuple[ItemModel, Alignment] | None = None

    @classmethod
    def of(cls, model: ItemModel) -> "Catalogue":
        """The movies that a model knows, as popular as they were when it was trained."""
        return cls.counted(model.item_ids, model.popularity)

    @classmethod
    def counted(cls, movie_ids: Int64Array, people: Float32Array) -> "Catalogue":
        """These movies, each chosen by as many people."""
        catalogue = cls(movie_ids.tolist())
        catalogue._people = dict(zip(movie_ids.tolist(), people.astype(int).tolist(), strict=True))
        return catalogue

    def __len__(self) -> int:
        return len(self._movies)

    def __contains__(self, movie_id: object) -> bool:
        return movie_id in self._movies

    def add(self, movie_id: int) -> None:
        """The movie exists (again, or still)."""
        if movie_id not in self._movies:
            self._movies.add(movie_id)
            self._forget_arrays()

    def remove(self, movie_id: int) -> None:
        """The movie was deleted: it is never recommended, unless it comes back."""
        if movie_id in self._movies:
            self._movies.remove(movie_id)
            self._forget_arrays()

    def count(self, movie_id: int, change: int) -> None:
        """``change`` people more (or, below zero, fewer) have rated or watched the movie."""
        people = self._people.get(movie_id, 0) + change
        if people:
            self._people[movie_id] = people
        else:
            self._people.pop(movie_id, None)
        if self._ids is not None and self._popularity is not None and movie_id in self._movies:
            self._popularity[np.searchsorted(self._ids, movie_id)] = people

    def people(self, movie_id: int) -> int:
        """How many people have rated or watched the movie."""
        return self._people.get(movie_id, 0)

    @property
    def movie_ids(self) -> Int64Array:
        """The movies, ascending."""
        if self._ids is None:
            self._ids = np.array(sorted(self._movies), dtype=np.int64)
        return self._ids

    @property
    def popularity(self) -> Float64Array:
        """How many people chose each of ``movie_ids``."""
        if self._popularity is None:
            people = self._people
            self._popularity = np.array([people.get(movie, 0) for movie in self.movie_ids.tolist()], dtype=np.float64)
        return self._popularity

    def alignment(self, model: ItemModel) -> Alignment:
        """Where ``movie_ids`` stand in ``model``."""
        if self._aligned is None or self._aligned[0] is not model:
            rows = model.rows_of(self.movie_ids)
            same = np.array_equal(self.movie_ids, model.item_ids)
            self._aligned = (model, Alignment(rows, np.flatnonzero(rows < 0), same))
        return self._aligned[1]

    def positions_of(self, movie_ids: Int64Array) -> Rows:
        """Where those of ``movie_ids`` that are in the catalogue stand in its arrays."""
        if not self._movies:
            return np.empty(0, dtype=np.intp)
        positions: Rows = np.searchsorted(self.movie_ids, movie_ids)
        positions[positions == self.movie_ids.size] = 0
        return np.asarray(positions[self.movie_ids[positions] == movie_ids])

    def _forget_arrays(self) -> None:
        self._ids = None
        self._popularity = None
        self._aligned = None
