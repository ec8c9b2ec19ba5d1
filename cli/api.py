"""What the shell asks of the API. HTTP in service, memory in tests."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from cli.answers import Erasure, Health, Movie, NewUser, Pipeline, Popular, Rating, Recommendations, User, Watched

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Part(Generic[Value]):
    """Part of a list. ``next`` is the cursor of the part after it, None at the end; ``etag`` names this state of it."""

    items: tuple[Value, ...]
    next: int | None
    etag: str = ""


@dataclass(frozen=True, slots=True)
class MovieQuery:
    """Which movies: all that is said must be so."""

    title: str | None = None
    genre: str | None = None
    year: int | None = None
    director: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: its kind, and its data."""

    kind: str
    data: Mapping[str, Any]
    event_id: str = ""


class Api(Protocol):
    """The REST API. Every call raises Refused with the API's own sentence, or Unreachable."""

    async def users(self, after: int, limit: int) -> Part[User]: ...

    async def user(self, user_id: int) -> User: ...

    async def sign_up(self, user: NewUser) -> User: ...

    async def erase(self, user_id: int) -> Erasure: ...

    async def erasure(self, user_id: int) -> Erasure: ...

    async def movies(self, query: MovieQuery, after: int, limit: int, etag: str = "") -> Part[Movie] | None:
        """None when ``etag`` still names the state of this part."""
        ...

    async def movie(self, movie_id: int) -> Movie: ...

    async def similar(self, movie_id: int, limit: int) -> Recommendations: ...

    async def popular(self, limit: int, genre: str | None) -> tuple[Popular, ...]: ...

    async def recommendations(
        self, user_id: int, limit: int, genre: str | None = None, after: str | None = None
    ) -> Recommendations: ...

    async def ratings(self, user_id: int) -> tuple[Rating, ...]:
        """All of them."""
        ...

    async def rate(self, user_id: int, rating: Rating) -> str:
        """The commit token."""
        ...

    async def unrate(self, user_id: int, movie_id: int) -> str: ...

    async def watched(self, user_id: int) -> tuple[Watched, ...]:
        """All of them."""
        ...

    async def mark_watched(self, user_id: int, movie_id: int, watched_at: str | None = None) -> str: ...

    async def unmark_watched(self, user_id: int, movie_id: int) -> str: ...

    async def health(self) -> Health: ...

    async def pipeline(self) -> Pipeline: ...

    def events(self, user_id: int | None, last_event_id: str) -> AsyncIterator[Event]:
        """What happens, until the connection ends. Raises Refused or Unreachable."""
        ...
