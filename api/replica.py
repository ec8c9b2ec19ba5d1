"""The API's own copy of what people rated and watched, fed by the masked stream, one change at a time.

Events repeat and come late, and each table has its own topic, so nothing may depend on their order: every row is kept
with its version, the highest wins, and a deleted row is remembered as deleted. Whatever order the same events come in,
the same histories result.
"""

from typing import Generic, NamedTuple, TypeVar

from api.changes import CatalogueMovie, Change, MovieChange, Opinion, RatingChange, UserChange, WatchedChange
from dataflix.recommender import Catalogue, Interaction

Row = TypeVar("Row")
History = tuple[Interaction, ...]


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
        self.ratings: NewestRows[Opinion] = NewestRows()
        self.watched: NewestRows[Opinion] = NewestRows()
        self.catalogue = Catalogue()
        # person -> movie -> what they rated and watched of it. A rating that was deleted and given anew stands here
        # twice, under two ids, while the two changes are under way on different partitions.
        self._histories: dict[int, dict[int, tuple[Opinion, ...]]] = {}
        self._merged: dict[int, History] = {}  # what `history` was asked for and has not changed since
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
        if user_id not in self._histories:
            return ()
        if user_id not in self._merged:
            self._merged[user_id] = tuple(
                _merged(movie_id, opinions) for movie_id, opinions in self._histories[user_id].items()
            )
        return self._merged[user_id]

    def _take(self, rows: NewestRows[Opinion], key: int, version: int, row: Opinion | None, txid: int | None) -> Effect:
        if not rows.is_news(key, version):
            return STALE
        before = rows.put(key, version, row, txid)
        if before is not None:
            self._unlink(before)
        if row is not None:
            self._link(row)
        return Effect(news=True, people=tuple({one.user_id for one in (before, row) if one is not None}))

    def _link(self, row: Opinion) -> None:
        self._merged.pop(row.user_id, None)
        movies = self._histories.setdefault(row.user_id, {})
        if row.movie_id not in movies:
            self._count(row.movie_id, 1)
        movies[row.movie_id] = (*movies.get(row.movie_id, ()), row)

    def _unlink(self, row: Opinion) -> None:
        self._merged.pop(row.user_id, None)
        movies = self._histories[row.user_id]
        left = list(movies[row.movie_id])
        left.remove(row)
        if left:
            movies[row.movie_id] = tuple(left)
            return
        del movies[row.movie_id]
        self._count(row.movie_id, -1)
        if not movies:
            del self._histories[row.user_id]

    def _count(self, movie_id: int, change: int) -> None:
        self.catalogue.count(movie_id, change)
        self.popularity_revision += 1


def _merged(movie_id: int, opinions: tuple[Opinion, ...]) -> Interaction:
    telling = max(opinions, key=lambda one: (one.rated, one.at, one.score))
    return Interaction(movie_id, telling.score, max(one.at for one in opinions), telling.stars)
