"""Where the API writes and what its lists are read from. PostgreSQL in service, memory in unit tests."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from api.commit_tokens import CommitToken
from api.resources.forms import PageQuery
from api.resources.movies import Movie, MoviesQuery
from api.resources.opinions import NewRating, NewWatched, Rating, Watched
from api.resources.people import Erasure, NewUser, Person, User, UserUpdate
from dataflix.errors import DataflixError

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Put(Generic[Value]):
    """A row that was written: as it stands now, whether it is new, and the commit that wrote it."""

    value: Value
    created: bool
    token: CommitToken


class Taken(DataflixError):
    """Somebody else has this e-mail address or user name. ``field`` says which; the value stays unsaid."""

    def __init__(self, field: str) -> None:
        super().__init__(f"This {field} is taken: choose another one.")
        self.field = field


class UnknownReference(DataflixError):
    """A write names a user or a movie that does not exist. ``thing`` says which of the two."""

    def __init__(self, thing: Literal["user", "movie"]) -> None:
        super().__init__(f"There is no such {thing}.")
        self.thing = thing


class KeyInUse(DataflixError):
    """A write with this idempotency key is under way."""

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is under way: send it again in a moment.")


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer to a write that bore an idempotency key."""

    request: bytes  # digest
    status: int
    headers: Mapping[str, str]
    body: bytes


class Attempt(Protocol):
    """A write under an idempotency key. What is done through ``store`` and ``keep`` becomes durable as one."""

    @property
    def store(self) -> "Store": ...

    @property
    def kept(self) -> KeptAnswer | None:
        """The answer of an attempt before this one."""
        ...

    async def keep(self, answer: KeptAnswer, user_id: int | None) -> None:
        """Keep the answer for attempts to come; one that tells of a person no longer than the person."""
        ...


class Store(Protocol):
    """Each call is one transaction; a write is durable when its call returns.

    Lists are in the order of ids. Names come masked but for ``people`` and ``person``. Every call raises
    SourceUnavailable when the store does not answer in time.
    """

    async def add_user(self, user: NewUser) -> Put[User]:
        """Raises Taken."""
        ...

    async def change_user(self, user_id: int, update: UserUpdate) -> Put[User] | None:
        """Take over the fields that ``update`` names; None when there is no such person. Raises Taken."""
        ...

    async def erase_user(self, user_id: int) -> Erasure | None:
        """Delete all that is the person's and note that the rest is to follow; None when nobody has that number.

        For somebody who was erased before it is their erasure as it stands.
        """
        ...

    async def erasure(self, user_id: int) -> Erasure | None: ...

    async def any_erasure_waits(self) -> bool:
        """Whether anybody is deleted and not yet erased everywhere."""
        ...

    async def users(self, page: PageQuery) -> list[User]: ...

    async def user(self, user_id: int) -> User | None: ...

    async def people(self, page: PageQuery) -> list[Person]:
        """Like ``users``, with whole names and addresses: for the administrator alone."""
        ...

    async def person(self, user_id: int) -> Person | None:
        """Like ``user``, with whole names and address: for the administrator alone."""
        ...

    async def movies(self, query: MoviesQuery) -> list[Movie]: ...

    async def movie(self, movie_id: int) -> Movie | None: ...

    async def rate(self, rating: NewRating) -> Put[Rating]:
        """Insert, or replace what the person thought of the movie before. Raises UnknownReference."""
        ...

    async def unrate(self, user_id: int, movie_id: int) -> CommitToken | None:
        """Take a rating back; None when there is none."""
        ...

    async def ratings(self, user_id: int, page: PageQuery) -> list[Rating]: ...

    async def mark_watched(self, watched: NewWatched) -> Put[Watched]:
        """Insert, or take over a time that is given. Raises UnknownReference."""
        ...

    async def unmark_watched(self, user_id: int, movie_id: int) -> CommitToken | None:
        """Forget that the movie was watched; None when it is not marked."""
        ...

    async def watched(self, user_id: int, page: PageQuery) -> list[Watched]: ...

    def attempt(self, key: bytes) -> AbstractAsyncContextManager[Attempt]:
        """A write under this key, alone: raises KeyInUse while there is another. An error undoes all of it."""
        ...

    async def forget_expired_answers(self) -> None: ...
