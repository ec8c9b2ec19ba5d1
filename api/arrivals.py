"""Waits until the commit that a token names has come through the stream into this process."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from api.changes import Change, MovieChange, RatingChange, UserChange, WatchedChange
from api.commit_tokens import CommitToken, WrittenTable
from api.replica import Replica

PATIENCE = 2.0  # seconds that a request waits for its commit
MAX_WAITING = 1_000  # requests; one more is answered at once with what is known

_Row = tuple[WrittenTable, int]


class Arrivals:
    """Wakes whoever waits for a row, when a change of that row was applied. One event loop."""

    def __init__(self, replica: Replica, patience: float = PATIENCE, max_waiting: int = MAX_WAITING) -> None:
        self._replica = replica
        self._patience = patience
        self._max_waiting = max_waiting
        self._waiting: dict[_Row, set[asyncio.Future[None]]] = {}
        self._count = 0

    @property
    def waiting(self) -> int:
        """How many requests wait now."""
        return self._count

    def has(self, token: CommitToken) -> bool:
        """Whether the replica holds what the commit wrote, or something newer of the same row."""
        match token.table:
            case "ratings":
                held = self._replica.ratings.written(token.row_id)
            case "watched_movies":
                held = self._replica.watched.written(token.row_id)
            case "users":
                held = self._replica.users.written(token.row_id)
        return held is not None and token.arrived_in(*held)

    async def wait(self, token: CommitToken) -> bool:
        """Whether the commit has arrived, within the patience."""
        if self.has(token):
            return True
        if self._count >= self._max_waiting:
            return False
        self._count += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    while not self.has(token):
                        await self._change_of((token.table, token.row_id))
        finally:
            self._count -= 1
        return self.has(token)

    def applied(self, changes: Iterable[Change]) -> None:
        """These changes are part of the replica now."""
        if not self._waiting:
            return
        for change in changes:
            if (row := _row_of(change)) is not None:
                for future in self._waiting.get(row, ()):
                    if not future.done():
                        future.set_result(None)

    def renewed(self) -> None:
        """Everything in the replica may have changed."""
        for waiting in self._waiting.values():
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    async def _change_of(self, row: _Row) -> None:
        future = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(row, set())
        waiting.add(future)
        try:
            await future
        finally:
            waiting.discard(future)
            if not waiting and self._waiting.get(row) is waiting:
                del self._waiting[row]


def _row_of(change: Change) -> _Row | None:
    match change:
        case RatingChange(rating_id):
            return "ratings", rating_id
        case WatchedChange(watched_id):
            return "watched_movies", watched_id
        case UserChange(user_id):
            return "users", user_id
        case MovieChange():
            return None
