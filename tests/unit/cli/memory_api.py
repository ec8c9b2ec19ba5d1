"""The API in memory, for tests of the shell: what is written is there at once, and its events wait to be sent."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from cli.answers import (
    Erasure,
    Health,
    Movie,
    NewUser,
    Pipeline,
    Popular,
    Rating,
    Recommendations,
    Recommended,
    Service,
    User,
    Watched,
)
from cli.api import Event, MovieQuery, Part
from cli.errors import Refused, Unreachable

MOVIES = (
    Movie(1, "Heat", "Action|Crime|Drama", 1995, "Michael Mann", 170, 8.3, "A thief and a detective."),
    Movie(2, "The Matrix", "Sci-Fi|Action", 1999, "The Wachowskis", 136, 8.7, "What is real?"),
    Movie(3, "Amélie", "Romance|Comedy", 2001, "Jean-Pierre Jeunet", 122, 8.3, "Paris."),
    Movie(4, "千と千尋の神隠し", "Animation", 2001, "宮崎 駿", 125, 8.6, "A bath house 🛁."),
    Movie(5, "Heat and Dust", "Drama", 1983, "James Ivory", 130, 6.5, "India."),
)


class MemoryApi:
    """Movies of ``MOVIES``, or of ``movies``; a person's list is every movie they have not seen, in order."""

    def __init__(self, movies: tuple[Movie, ...] = MOVIES) -> None:
        self.catalogue = {movie.movie_id: movie for movie in movies}
        self.people = {1: User(1, "J***", "D**", "Oslo", "Norway")}
        self.stars: dict[int, dict[int, Rating]] = {}
        self.seen: dict[int, dict[int, Watched]] = {}
        self.is_away = False
        self.around = Pipeline((Service("worker", answers=True),), (), {"users": 0}, {"users": 0})
        self.asked: list[str] = []
        self._listeners: list[asyncio.Queue[Event | None]] = []
        self._order = list(self.catalogue)

    def send(self, kind: str, **data: Any) -> None:
        """An event, to whoever listens."""
        for queue in self._listeners:
            queue.put_nowait(Event(kind, data, "1"))

    def hang_up(self) -> None:
        """End every event stream."""
        for queue in self._listeners:
            queue.put_nowait(None)

    def reorder(self) -> None:
        """The last of the list is the first from now on, and listeners hear of it."""
        self._order = [self._order[-1], *self._order[:-1]]
        self.send("recommendations", cause="history", milliseconds=12.3)

    def _answer(self, path: str) -> None:
        self.asked.append(path)
        if self.is_away:
            raise Unreachable("The API does not answer.")

    async def users(self, after: int, limit: int) -> Part[User]:
        self._answer("users")
        found = [user for user in self.people.values() if user.user_id > after]
        return Part(tuple(found[:limit]), found[limit - 1].user_id if len(found) > limit else None)

    async def user(self, user_id: int) -> User:
        self._answer("user")
        if user_id not in self.people:
            raise Refused(f"There is no user {user_id}.", "unknown-user", 404)
        return self.people[user_id]

    async def sign_up(self, user: NewUser) -> User:
        self._answer("sign_up")
        if user.email == "taken@example.net":
            raise Refused("This email is taken.", "taken", 409)
        made = User(max(self.people, default=0) + 1, f"{(user.first_name or '?')[0]}***")
        self.people[made.user_id] = made
        return made

    async def erase(self, user_id: int) -> Erasure:
        self._answer("erase")
        self.people.pop(user_id)
        return Erasure(user_id, "erased")

    async def erasure(self, user_id: int) -> Erasure:
        self._answer("erasure")
        return Erasure(user_id, "erased")

    async def movies(self, query: MovieQuery, after: int, limit: int, etag: str = "") -> Part[Movie] | None:
        self._answer("movies")
        if etag:
            return None
        found = [movie for movie in self.catalogue.values() if movie.movie_id > after]
        if query.title:
            found = [movie for movie in found if query.title.lower() in movie.title.lower()]
        return Part(tuple(found[:limit]), found[limit - 1].movie_id if len(found) > limit else None, "tag")

    async def movie(self, movie_id: int) -> Movie:
        self._answer("movie")
        if movie_id not in self.catalogue:
            raise Refused(f"There is no movie {movie_id}.", "unknown-movie", 404)
        return self.catalogue[movie_id]

    async def similar(self, movie_id: int, limit: int) -> Recommendations:
        self._answer("similar")
        return self._list([one for one in self._order if one != movie_id][:limit])

    async def popular(self, limit: int, genre: str | None) -> tuple[Popular, ...]:
        self._answer("popular")
        found = [movie for movie in self.catalogue.values() if genre is None or genre in movie.genres]
        return tuple(Popular(one.movie_id, one.title, 3, one.release_year, one.genre) for one in found[:limit])

    async def recommendations(
        self, user_id: int, limit: int, genre: str | None = None, after: str | None = None
    ) -> Recommendations:
        self._answer("recommendations")
        assert after in (None, "token")
        away = {*self.stars.get(user_id, {}), *self.seen.get(user_id, {})}
        left = [one for one in self._order if one not in away]
        if genre:
            left = [one for one in left if genre in self.catalogue[one].genres]
        return replace(self._list(left[:limit]), history=len(away), user_id=user_id)

    def _list(self, movie_ids: list[int]) -> Recommendations:
        chosen = [self.catalogue[movie_id] for movie_id in movie_ids]
        listed = tuple(Recommended(one.movie_id, one.title, one.release_year, one.genre, ("Heat",)) for one in chosen)
        return Recommendations("7", 0, "model", listed)

    async def ratings(self, user_id: int) -> tuple[Rating, ...]:
        self._answer("ratings")
        return tuple(self.stars.get(user_id, {}).values())

    async def rate(self, user_id: int, rating: Rating) -> str:
        self._answer("rate")
        self.stars.setdefault(user_id, {})[rating.movie_id] = rating
        self.send("change", table="ratings", deleted=False, row={"user_id": user_id, "movie_id": rating.movie_id})
        return "token"

    async def unrate(self, user_id: int, movie_id: int) -> str:
        self._answer("unrate")
        self.stars[user_id].pop(movie_id)
        return "token"

    async def watched(self, user_id: int) -> tuple[Watched, ...]:
        self._answer("watched")
        return tuple(self.seen.get(user_id, {}).values())

    async def mark_watched(self, user_id: int, movie_id: int, watched_at: str | None = None) -> str:
        self._answer("mark_watched")
        self.seen.setdefault(user_id, {})[movie_id] = Watched(movie_id, watched_at or "2026-01-02T03:04:05Z")
        return "token"

    async def unmark_watched(self, user_id: int, movie_id: int) -> str:
        self._answer("unmark_watched")
        self.seen[user_id].pop(movie_id)
        return "token"

    async def health(self) -> Health:
        self._answer("health")
        return Health("7", {"users": len(self.people)}, True, 0, None)

    async def pipeline(self) -> Pipeline:
        self._answer("pipeline")
        return self.around

    async def events(self, user_id: int | None, last_event_id: str) -> AsyncIterator[Event]:
        self._answer(f"events after {last_event_id}")
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            if user_id is not None:
                yield Event("recommendations", {"cause": "connected", "model_version": "7"}, "0")
            yield Event("lag", {"lag": 0, "caught_up": True}, "0")
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._listeners.remove(queue)
        raise Unreachable("The API does not answer.")
