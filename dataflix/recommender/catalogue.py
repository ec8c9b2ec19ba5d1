"""The movies that may be recommended, and how many people chose each: kept up to date one change at a time."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from dataflix.recommender.arrays import Float32Array, Float64Array, Int64Array
from dataflix.recommender.model import ItemModel


class Catalogue:
    """Follows the movies table and the interactions; ``recommend`` reads it as arrays.

    A count may arrive before its movie does (they come on different topics), and is kept for it. One thread at a time.
    """

    def __init__(self, movie_ids: Iterable[int] = ()) -> None:
        self._movies = set(movie_ids)
        self._people: dict[int, int] = {}
        self._ids: Int64Array | None = None
        self._popularity: Float64Array | None = None
        self._aligned: tuple[ItemModel, NDArray[np.intp]] | None = None

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

    def rows_in(self, model: ItemModel) -> NDArray[np.intp]:
        """The row in ``model`` of each of ``movie_ids``, -1 for a movie that it does not know."""
        if self._aligned is None or self._aligned[0] is not model:
            self._aligned = (model, model.rows_of(self.movie_ids))
        return self._aligned[1]

    def positions_of(self, movie_ids: Iterable[int]) -> NDArray[np.intp]:
        """Where those of ``movie_ids`` that are in the catalogue stand in its arrays."""
        known = np.array([movie for movie in movie_ids if movie in self._movies], dtype=np.int64)
        return np.searchsorted(self.movie_ids, known)

    def _forget_arrays(self) -> None:
        self._ids = None
        self._popularity = None
        self._aligned = None
