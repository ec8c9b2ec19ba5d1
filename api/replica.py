"""The API's own copy of what people rated and watched, fed by the masked stream, one change at a time.

Events repeat and come late, and each table has its own topic, so nothing may depend on their order: every row is kept
with its version, the highest wins, and a deleted row is remembered as deleted. Whatever order the same events come in,
the same histories result.
"""

from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from api.changes import CatalogueMovie, Change, MovieChange, Opinion, RatingChange, UserChange, WatchedChange
from api.opinion_rows import OpinionRows
from dataflix.recommender import Catalogue, Interaction

Row = TypeVar("Row")
History = tuple[Interaction, ...]
MERGED = 5_000  # histories that are kept as they are handed out
COUNTED_AT_ONCE = 2_000  # people


class Effect(NamedTuple):
    """What a change did. ``people`` are those whose history it changed."""

    news: bool
    people: tuple[int, ...] = ()


STALE = Effect(news=False)


class NewestRows(Generic[Row]):
    """Rows by id, the highest version of each. ``None`` stands for a deleted row."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[int, Row | None, int | None]] = {}
        self._alive = 0

    def __len__(self) -> int:
        """How many rows exist now."""
        return self._alive

    def __contains__(self, key: int) -> bool:
        return self.get(key) is not None

    def __iter__(self) -> Iterator[int]:
        """The keys of the rows that exist now."""
        return (key for key, (_, row, _) in self._rows.items() if row is not None)

    def get(self, key: int) -> Row | None:
        """The row as it stands, None when it was deleted or never seen."""
        held = self._rows.get(key)
        return held[1] if held else None

    def written(self, key: int) -> tuple[int, int | None] | None:
        """Version and transaction of what is held of a row, also of a deleted one; None when it was never seen."""
        held = self._rows.get(key)
        return (held[0], held[2]) if held else None

    def is_news(self, key: int, version: int) -> bool:
        """Whether this version is newer than what is held."""
        held = self._rows.get(key)
        return held is None or version > held[0]

    def put(self, key: int, version: int, row: Row | None, txid: int | None = None) -> Row | None:
        """Take over a version that ``is_news``; returns the row that it replaces."""
        before = self.get(key)
        self._rows[key] = (version, row, txid)
        self._alive += (row is not None) - (before is not None)
        return before


class Replica:
    """Users, movies and histories as of the last change that was applied. One thread at a time."""

    def __init__(self) -> None:
        self.users: NewestRows[bool] = NewestRows()
        self.movies: NewestRows[CatalogueMovie] = NewestRows()
        self.ratings = OpinionRows(rated=True)
        self.watched = OpinionRows(rated=False)
        self.catalogue = Catalogue()
        self._merged: dict[int, History] = {}  # what `history` was asked for lately and has not changed since
        self.catalogue_revision = 0  # raised by every change of a movie
        self.popularity_revision = 0  # raised whenever somebody more, or fewer, chose a movie

    def apply(self, change: Change) -> Effect:
        """Take a change into account; one that is not newer than what is held changes nothing."""
        match change:
            case UserChange(user_id, version, exists, txid):
                if not self.users.is_news(user_id, version):
                    return STALE
                self.users.put(user_id, version, True if exists else None, txid)
            case MovieChange(movie_id, version, movie):
                if not self.movies.is_news(movie_id, version):
                    return STALE
                self.movies.put(movie_id, version, movie)
                self.catalogue_revision += 1
                if movie is None:
                    self.catalogue.remove(movie_id)
                else:
                    self.catalogue.add(movie_id)
            case RatingChange(rating_id, version, rating, txid):
                return self._take(self.ratings, rating_id, version, rating, txid)
            case WatchedChange(watched_id, version, watched, txid):
                return self._take(self.watched, watched_id, version, watched, txid)
        return Effect(news=True)

    def history(self, user_id: int) -> History:
        """What the person rated or watched, each movie once, in no order. The same object until it changes.

        A rating says more than a viewing, so its score counts where both are there, and the newer of the two moments.
        """
        merged = self._merged.get(user_id)
        if merged is None:
            # A rating that was deleted and given anew is there twice, under two ids, while the two changes are under
            # way on different partitions.
            opinions: dict[int, list[Opinion]] = {}
            for one in (*self.ratings.of(user_id), *self.watched.of(user_id)):
                opinions.setdefault(one.movie_id, []).append(one)
            merged = self._merged[user_id] = tuple(_merged(movie_id, some) for movie_id, some in opinions.items())
            if len(self._merged) > MERGED:
                del self._merged[next(iter(self._merged))]
        return merged

    @property
    def rows(self) -> int:
        """How many rows of all tables exist now."""
        return len(self.users) + len(self.movies) + len(self.ratings) + len(self.watched)

    def adopt(self, read: "Replica") -> None:
        """Become what ``read`` is, from one moment to the next. Nobody else may hold it."""
        self.users, self.movies, self.ratings, self.watched = read.users, read.movies, read.ratings, read.watched
        self.catalogue = read.catalogue
        self._merged.clear()
        self.catalogue_revision += 1
        self.popularity_revision += 1

    def count_all(self) -> None:
        """Bring the catalogue up to rows that came without `apply`: its movies, and how many people chose each."""
        self.catalogue = Catalogue(self.movies)
        everybody = list({*self.ratings.people, *self.watched.people})
        for first in range(0, len(everybody), COUNTED_AT_ONCE):
            some = everybody[first : first + COUNTED_AT_ONCE]
            both = zip(self.ratings.choices(some), self.watched.choices(some), strict=True)
            people, movies = (np.concatenate(part) for part in both)
            ids, movie_of = np.unique(movies, return_inverse=True)
            chosen = np.unique(people * max(1, ids.size) + movie_of) % max(1, ids.size)
            for movie_id, count in zip(ids.tolist(), np.bincount(chosen).tolist(), strict=True):
                self.catalogue.count(movie_id, count)

    def settle(self) -> None:
        """What there was at the start is read: from here on little is added."""
        self.ratings.settle()
        self.watched.settle()

    def _take(self, rows: OpinionRows, key: int, version: int, row: Opinion | None, txid: int | None) -> Effect:
        if not rows.is_news(key, version):
            return STALE
        known = row is not None and self._chose(row.user_id, row.movie_id)
        before = rows.put(key, version, row, txid)
        if row is not None and not known:
            self._count(row.movie_id, 1)
        if before is not None and not self._chose(before.user_id, before.movie_id):
            self._count(before.movie_id, -1)
        people = tuple({one.user_id for one in (before, row) if one is not None})
        for user_id in people:
            self._merged.pop(user_id, None)
        return Effect(news=True, people=people)

    def _chose(self, user_id: int, movie_id: int) -> bool:
        return self.ratings.has(user_id, movie_id) or self.watched.has(user_id, movie_id)

    def _count(self, movie_id: int, change: int) -> None:
        self.catalogue.count(movie_id, change)
        self.popularity_revision += 1


def _merged(movie_id: int, opinions: Sequence[Opinion]) -> Interaction:
    telling = max(opinions, key=lambda one: (one.rated, one.at, one.score))
    return Interaction(movie_id, telling.score, max(one.at for one in opinions), telling.stars)
