"""The store in memory, for unit tests: the same suite holds it and PostgreSQL to the same behaviour."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar

from api.resources import Movie, NewRating, NewUser, NewWatched, PageQuery, Rating, User, Watched
from api.store import Put, Taken, UnknownReference
from dataflix.masking import mask_name

Row = TypeVar("Row")


class MemoryStore:
    """Rows in dictionaries by id."""

    def __init__(self, movies: Iterable[Movie] = ()) -> None:
        self._users: dict[int, NewUser] = {}
        self._movies = {movie.movie_id: movie for movie in movies}
        self._ratings: dict[int, Rating] = {}
        self._watched: dict[int, Watched] = {}

    async def add_user(self, user: NewUser) -> User:
        if any(other.username == user.username for other in self._users.values()):
            raise Taken("username")
        if any(other.email == user.email for other in self._users.values()):
            raise Taken("email")
        user_id = len(self._users) + 1
        self._users[user_id] = user
        return self._shown(user_id)

    async def users(self, page: PageQuery) -> list[User]:
        return [self._shown(user_id) for user_id in _part(dict.fromkeys(self._users), page)]

    async def user(self, user_id: int) -> User | None:
        return self._shown(user_id) if user_id in self._users else None

    async def movies(self, page: PageQuery) -> list[Movie]:
        return [self._movies[movie_id] for movie_id in _part(self._movies, page)]

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
        return Put(row, created=not same)

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
        return Put(row, created=not same)

    async def watched(self, user_id: int, page: PageQuery) -> list[Watched]:
        mine = {key: row for key, row in self._watched.items() if row.user_id == user_id}
        return [mine[key] for key in _part(mine, page)]

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


def _part(rows: dict[int, Row], page: PageQuery) -> list[int]:
    return sorted(key for key in rows if key > page.after)[: page.limit]
