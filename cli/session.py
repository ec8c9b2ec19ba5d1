"""Somebody's visit: who they are, what they think of which movie, and what they can undo."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cli.answers import Rating, Recommendations, User, Watched
from cli.api import Api, Event
from cli.catalogue import Catalogue
from cli.errors import BadCommand
from cli.flow import Flow


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done and can be taken back. ``back`` does that and says so."""

    back: Callable[[], Awaitable[str]]


class Session:
    """What the commands work on. ``tell`` is given sentences about work that takes longer."""

    def __init__(self, api: Api, catalogue: Catalogue, tell: Callable[[str], None] = lambda _sentence: None) -> None:
        self.api = api
        self.catalogue = catalogue
        self.tell = tell
        self.flow = Flow()
        self.user: User | None = None
        self.shown: Recommendations | None = None
        self.token: str | None = None  # of the newest write
        self.steps: list[Step] = []
        self._ratings: dict[int, Rating] | None = None
        self._watched: dict[int, Watched] | None = None

    @property
    def me(self) -> User:
        """Who is there. Raises BadCommand when nobody has been chosen yet."""
        if self.user is None:
            raise BadCommand("Say who you are first: `user` lists the people, `user 1` is the first, `new` a new one.")
        return self.user

    def become(self, user: User | None) -> None:
        """Somebody else is there now."""
        self.user, self.shown, self.token = user, None, None
        self.steps.clear()
        self._ratings = self._watched = None

    async def ratings(self) -> Mapping[int, Rating]:
        """What they think, by movie, the newest last."""
        if self._ratings is None:
            self._ratings = {one.movie_id: one for one in await self.api.ratings(self.me.user_id)}
        return self._ratings

    async def watched(self) -> Mapping[int, Watched]:
        """What they watched, by movie, the newest last."""
        if self._watched is None:
            self._watched = {one.movie_id: one for one in await self.api.watched(self.me.user_id)}
        return self._watched

    async def rate(self, rating: Rating) -> None:
        """Rate, or think otherwise."""
        self.token = await self.api.rate(self.me.user_id, rating)
        self._ratings = None

    async def unrate(self, movie_id: int) -> None:
        """Take a rating back."""
        self.token = await self.api.unrate(self.me.user_id, movie_id)
        self._ratings = None

    async def mark_watched(self, movie_id: int, watched_at: str | None = None) -> None:
        """Mark as watched, now or at another time."""
        self.token = await self.api.mark_watched(self.me.user_id, movie_id, watched_at)
        self._watched = None

    async def unmark_watched(self, movie_id: int) -> None:
        """Take that mark away."""
        self.token = await self.api.unmark_watched(self.me.user_id, movie_id)
        self._watched = None

    def take(self, event: Event) -> None:
        """Something happened: what is known of it is read anew when it is next needed."""
        row: Mapping[str, Any] = event.data.get("row") or {}
        table = event.data.get("table") if event.kind == "change" else None
        if table:
            self.flow.take(table, event.data.get("milliseconds"))
        if event.kind == "reset":
            self._ratings = self._watched = None
        elif table == "movies":
            self.catalogue.take(row, deleted=bool(event.data.get("deleted")))
        # Of a deleted row the stream tells the number alone, and not whose it was
        elif table in ("ratings", "watched_movies") and (
            event.data.get("deleted") or (self.user and row.get("user_id") == self.user.user_id)
        ):
            if table == "ratings":
                self._ratings = None
            else:
                self._watched = None
