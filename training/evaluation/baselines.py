"""What the model is compared with: the first design's factorisation, EASE^R, and plain biases for the stars."""

import warnings
from dataclasses import replace
from typing import Final

import numpy as np
from scipy import sparse
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from dataflix.recommender.arrays import Float64Array, Int64Array
from dataflix.recommender.interactions import EVEN, History, Recency
from dataflix.recommender.model import ItemModel
from dataflix.recommender.recommend import predicted_stars, top
from dataflix.recommender.stars import HIGHEST_STARS, LOWEST_STARS
from training.choices import Choices
from training.interaction_log import InteractionLog
from training.star_fit import fit_stars

FIRST_DESIGN_FACTORS: Final = 10
FIRST_DESIGN_ITERATIONS: Final = 200

NO_STARS: Final = np.nan


class _Scoring:
    """Ranks by a score for each training item; equal ones by popularity, then by id."""

    def __init__(self, log: InteractionLog) -> None:
        self._item_ids = log.item_ids
        self._popularity = log.popularity.astype(np.float64)

    def _rows(self, movie_ids: Int64Array) -> Int64Array:
        """Rows of the movies, all of which are training items."""
        return np.searchsorted(self._item_ids, movie_ids)

    def _ranked(self, history: History, limit: int, scores: Float64Array) -> Int64Array:
        unseen = np.ones(self._item_ids.size, dtype=np.bool_)
        unseen[self._rows(history.movie_ids)] = False
        left = np.flatnonzero(unseen)
        return self._item_ids[left[top(limit, scores[left], self._popularity[left])]]

    def stars(self, user_id: int, history: History, movie_ids: Int64Array) -> Float64Array:  # noqa: ARG002
        """It predicts none."""
        return np.full(movie_ids.size, NO_STARS)


class Ease(_Scoring):
    """EASE^R (Steck: Embarrassingly Shallow Autoencoders for Sparse Data, 2019) with weights by recency at inference.

    Its item weights are I - P / diag(P) with P = (X'X + penalty I)^-1. Where there are fewer people than items, P
    follows from the inverse of a matrix of people (Woodbury), which is the same model at a fraction of the time.
    """

    def __init__(self, log: InteractionLog, penalty: float, recency: Recency = EVEN) -> None:
        super().__init__(log)
        self._penalty, self._recency = penalty, recency
        ones = np.ones(len(log))
        shape = (log.user_ids.size, log.item_ids.size)
        self._chosen = sparse.csr_array((ones, (log.users, log.items)), shape=shape)
        self._by_people = shape[0] < shape[1]
        square = (self._chosen @ self._chosen.T if self._by_people else self._chosen.T @ self._chosen).toarray()
        square[np.diag_indices_from(square)] += penalty
        self._inverse = np.asarray(np.linalg.inv(square), dtype=np.float64)
        if self._by_people:
            mixed = np.asarray(self._chosen.T @ self._inverse)  # [items, people]
            explained = np.bincount(log.items, weights=mixed[log.items, log.users], minlength=shape[1])
            self._diagonal = (1.0 - explained) / penalty
        else:
            self._diagonal = self._inverse.diagonal().copy()

    def with_recency(self, recency: Recency) -> "Ease":
        """The same weights of items, another view of a history."""
        other = object.__new__(Ease)
        other.__dict__.update(self.__dict__)
        other._recency = recency
        return other

    def rank(self, user_id: int, history: History, limit: int) -> Int64Array:  # noqa: ARG002
        """The first ``limit`` training items that are not in the history, best first."""
        profile = np.zeros(self._item_ids.size)
        profile[self._rows(history.movie_ids)] = self._recency.weights(history.positions)
        return self._ranked(history, limit, profile - self._precision(profile) / self._diagonal)

    def _precision(self, profile: Float64Array) -> Float64Array:
        """``profile @ P``."""
        if not self._by_people:
            chosen = np.flatnonzero(profile)  # of a large inverse few rows are read much faster than all
            return np.asarray(profile[chosen] @ self._inverse[chosen])
        people = self._inverse @ (self._chosen @ profile)
        return np.asarray((profile - self._chosen.T @ people) / self._penalty)


class Biases(_Scoring):
    """Popularity for the ranking; for the stars what the movie and the person deviate from the mean."""

    def __init__(self, log: InteractionLog, choices: Choices) -> None:
        super().__init__(log)
        self._model = ItemModel(
            log.item_ids,
            np.ones((log.item_ids.size, 1), dtype=np.float32),
            log.popularity,
            stars=fit_stars(log, replace(choices, star_factors=0)),
        )

    def rank(self, user_id: int, history: History, limit: int) -> Int64Array:  # noqa: ARG002
        """The first ``limit`` training items that are not in the history, the most popular first."""
        return self._ranked(history, limit, self._popularity)

    def stars(self, user_id: int, history: History, movie_ids: Int64Array) -> Float64Array:  # noqa: ARG002
        """Mean and biases."""
        return predicted_stars(self._model, history, movie_ids)


class FirstDesign(_Scoring):
    """NMF of the whole matrix of scores with ten factors; a person's factors are those of the training.

    The matrix is stored sparse, which changes the memory and nothing else. Who is new to it gets popularity.
    Its estimates become stars by the straight line that fits the training ratings best.
    """

    def __init__(self, log: InteractionLog, seed: int) -> None:
        super().__init__(log)
        shape = (log.user_ids.size, log.item_ids.size)
        cells = sparse.csr_array((log.scores, (log.users, log.items)), shape=shape)
        model = NMF(n_components=FIRST_DESIGN_FACTORS, max_iter=FIRST_DESIGN_ITERATIONS, random_state=seed)
        with warnings.catch_warnings(), np.errstate(invalid="ignore"):
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._people = model.fit_transform(cells).astype(np.float64)
        self._items = model.components_.astype(np.float64)
        self._user_ids = log.user_ids
        rated = ~np.isnan(log.stars)
        estimates = np.einsum("ij,ji->i", self._people[log.users[rated]], self._items[:, log.items[rated]])
        self._line = np.polyfit(estimates, log.stars[rated].astype(np.float64), 1) if estimates.size > 1 else None

    def rank(self, user_id: int, history: History, limit: int) -> Int64Array:
        """The first ``limit`` training items that are not in the history, best first."""
        return self._ranked(history, limit, self._estimates(user_id))

    def stars(self, user_id: int, history: History, movie_ids: Int64Array) -> Float64Array:
        """By the line; for a movie that is no training item as for an estimate of zero."""
        if self._line is None:
            return super().stars(user_id, history, movie_ids)
        rows = np.minimum(self._rows(movie_ids), self._item_ids.size - 1)
        estimates = np.where(self._item_ids[rows] == movie_ids, self._estimates(user_id)[rows], 0.0)
        return np.clip(np.polyval(self._line, estimates), LOWEST_STARS, HIGHEST_STARS)

    def _estimates(self, user_id: int) -> Float64Array:
        row = int(np.searchsorted(self._user_ids, user_id))
        if row == self._user_ids.size or self._user_ids[row] != user_id:
            return self._popularity
        return np.asarray(self._people[row] @ self._items)
