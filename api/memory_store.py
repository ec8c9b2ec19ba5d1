"""The store in memory, for unit tests: the same suite holds it and PostgreSQL to the same behaviour."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from api.commit_tokens import CommitToken, WrittenTable
from api.resources.forms import PageQuery
from api.resources.movies import Movie, MoviesQuery
from api.resources.opinions import NewRating, NewWatched, Rating, Watched
from api.resources.people import Erasure, NewUser, Person, User, UserUpdate
from api.store import KeptAnswer, KeyInUse, Put, Taken, UnknownReference
from dataflix.masking import mask_name

Row = TypeVar("Row")
Opinion = TypeVar("Opinion", Rating, Watched)


@dataclass
class MemoryAttempt:
    """Keeps the answer; what was written by an attempt that fails after it stays written."""

    store: "MemoryStore"
    kept: KeptAnswer | None = None
    about: int | None = None

    async def keep(self, answer: KeptAnswer, user_id: int | None) -> None:
        self.kept, self.about = answer, user_id


class MemoryStore:
    """Rows in dictionaries by id."""

    def __init__(self, movies: Iterable[Movie] = ()) -> None:
        self._users: dict[int, NewUser] = {}
        self._signed_up = 0
        self._erasures: dict[int, Erasure] = {}
        self._movies = {movie.movie_id: movie for movie in movies}
        self._ratings: dict[int, Rating] = {}
        self._watched: dict[int, Watched] = {}
        self._commits = 0
        self._attempts: dict[bytes, MemoryAttempt] = {}
        self._keys_in_use: set[bytes] = set()

    async def add_user(self, user: NewUser) -> Put[User]:
        self._require_unique(user)
        self._signed_up += 1  # a number is given once
        self._users[user_id := self._signed_up] = user
        return Put(self._shown(user_id), created=True, token=self._commit("users", user_id))

    async def change_user(self, user_id: int, update: UserUpdate) -> Put[User] | None:
        if user_id not in self._users:
            return None
        changed = self._users[user_id].model_copy(update=update.model_dump(exclude_unset=True))
        self._require_unique(changed, but=user_id)
        self._users[user_id] = changed
        return Put(self._shown(user_id), created=False, token=self._commit("users", user_id))

    async def erase_user(self, user_id: int) -> Erasure | None:
        if self._users.pop(user_id, None):
            for rows in (self._ratings, self._watched):
                for key in [key for key, row in rows.items() if row.user_id == user_id]:
                    del rows[key]
            for kept in [kept for kept, attempt in self._attempts.items() if attempt.about == user_id]:
                del self._attempts[kept]
            self._erasures[user_id] = Erasure(
                user_id=user_id, state="deleted", requested_at=datetime.now(UTC), attempts=0, erased_at=None
            )
        return self._erasures.get(user_id)

    async def erasure(self, user_id: int) -> Erasure | None:
        return self._erasures.get(user_id)

    async def any_erasure_waits(self) -> bool:
        return any(erasure.erased_at is None for erasure in self._erasures.values())

    async def users(self, page: PageQuery) -> list[User]:
        return [self._shown(user_id) for user_id in _part(dict.fromkeys(self._users), page)]

    async def user(self, user_id: int) -> User | None:
        return self._shown(user_id) if user_id in self._users else None

    async def people(self, page: PageQuery) -> list[Person]:
        return [
            Person.model_validate({"user_id": user_id} | self._users[user_id].model_dump())
            for user_id in _part(dict.fromkeys(self._users), page)
        ]

    async def person(self, user_id: int) -> Person | None:
        found = await self.people(PageQuery(limit=1, after=user_id - 1))
        return next((person for person in found if person.user_id == user_id), None)

    async def movies(self, query: MoviesQuery) -> list[Movie]:
        asked = {movie_id: movie for movie_id, movie in self._movies.items() if _is_asked_for(movie, query)}
        return [asked[movie_id] for movie_id in _part(asked, query)]

    async def movie(self, movie_id: int) -> Movie | None:
        return self._movies.get(movie_id)

    async def rate(self, rating: NewRating) -> Put[Rating]:
        self._require(rating.user_id, rating.movie_id)
        same = [old for old in self._ratings.values() if _same(old, rating)]
        row = Rating(
            rating_id=same[0].rating_id if same else len(self._ratings) + 1,
            user_id=rating.user_id,
            movie_id=rating.movie_id,
            rating=rating.rating,
            liked=rating.liked,
            rated_at=datetime.now(UTC),
        )
        self._ratings[row.rating_id] = row
        return Put(row, created=not same, token=self._commit("ratings", row.rating_id))

    async def unrate(self, user_id: int, movie_id: int) -> CommitToken | None:
        dropped = _drop(self._ratings, user_id, movie_id)
        return self._commit("ratings", dropped) if dropped is not None else None

    async def ratings(self, user_id: int, page: PageQuery) -> list[Rating]:
        mine = {key: row for key, row in self._ratings.items() if row.user_id == user_id}
        return [mine[key] for key in _part(mine, page)]

    async def mark_watched(self, watched: NewWatched) -> Put[Watched]:
        self._require(watched.user_id, watched.movie_id)
        same = [old for old in self._watched.values() if _same(old, watched)]
        row = Watched(
            watched_id=same[0].watched_id if same else len(self._watched) + 1,
            user_id=watched.user_id,
            movie_id=watched.movie_id,
            watched_at=watched.watched_at or (same[0].watched_at if same else datetime.now(UTC)),
        )
        self._watched[row.watched_id] = row
        return Put(row, created=not same, token=self._commit("watched_movies", row.watched_id))

    async def unmark_watched(self, user_id: int, movie_id: int) -> CommitToken | None:
        dropped = _drop(self._watched, user_id, movie_id)
        return self._commit("watched_movies", dropped) if dropped is not None else None

    async def watched(self, user_id: int, page: PageQuery) -> list[Watched]:
        mine = {key: row for key, row in self._watched.items() if row.user_id == user_id}
        return [mine[key] for key in _part(mine, page)]

    @asynccontextmanager
    async def attempt(self, key: bytes) -> AsyncIterator[MemoryAttempt]:
        if key in self._keys_in_use:
            raise KeyInUse
        self._keys_in_use.add(key)
        try:
            attempt = self._attempts.get(key) or MemoryAttempt(self)
            yield attempt
            self._attempts[key] = attempt
        finally:
            self._keys_in_use.remove(key)

    async def forget_expired_answers(self) -> None:
        """None expires."""

    def _commit(self, table: WrittenTable, row_id: int) -> CommitToken:
        self._commits += 1
        return CommitToken(table, row_id, txid=self._commits, position=self._commits)

    def _require_unique(self, user: NewUser, but: int | None = None) -> None:
        others = [other for user_id, other in self._users.items() if user_id != but]
        for field in ("username", "email"):
            if any(getattr(other, field) == getattr(user, field) for other in others):
                raise Taken(field)

    def _require(self, user_id: int, movie_id: int) -> None:
        if user_id not in self._users:
            raise UnknownReference("user")
        if movie_id not in self._movies:
            raise UnknownReference("movie")

    def _shown(self, user_id: int) -> User:
        user = self._users[user_id]
        return User(
            user_id=user_id,
            first_name=mask_name(user.first_name),
            last_name=mask_name(user.last_name),
            city=user.city,
            state=user.state,
            country=user.country,
        )


def _same(old: Rating | Watched, new: NewRating | NewWatched) -> bool:
    return (old.user_id, old.movie_id) == (new.user_id, new.movie_id)


def _drop(rows: dict[int, Opinion], user_id: int, movie_id: int) -> int | None:
    found = [key for key, row in rows.items() if (row.user_id, row.movie_id) == (user_id, movie_id)]
    for key in found:
        del rows[key]
    return found[0] if found else None


def _is_asked_for(movie: Movie, query: MoviesQuery) -> bool:
    return (
        (query.title is None or query.title.lower() in movie.title.lower())
        and (query.genre is None or query.genre.lower() in (movie.genre or "").lower().split("|"))
        and (query.year is None or query.year == movie.release_year)
        and (query.director is None or query.director.lower() in (movie.director or "").lower())
    )


def _part(rows: dict[int, Row], page: PageQuery) -> list[int]:
    return sorted(key for key in rows if key > page.after)[: page.limit]
