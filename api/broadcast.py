"""What was sent lately, kept once for everybody who listens.

Listeners have no queues of their own: each has a place in the same ring of events and reads on from there. So what they
cost is bounded, and one that is slower than the ring is long has lost its place, and nobody else waits for it.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from api.live_events import EventKind
from dataflix.errors import DataflixError

KEPT_EVENTS = 10_000
KEPT_BYTES = 8 << 20
_AT_ONCE = 500  # events of one read


class PlaceLost(DataflixError):
    """The listener asks for events that are not kept. ``reason`` is that of the reset event."""

    def __init__(self, reason: Literal["unknown_id", "too_old"]) -> None:
        super().__init__("The events after this one are not kept: read the state anew.")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sent:
    """One event as it goes over the wire. ``user_id`` is whose list it is; None for what everybody may see."""

    number: int
    kind: EventKind
    user_id: int | None
    frame: bytes


class Broadcast:
    """The ring. One event loop. ``run`` names this process, so that its numbers are not taken for another's."""

    def __init__(self, run: str | None = None, kept_events: int = KEPT_EVENTS, kept_bytes: int = KEPT_BYTES) -> None:
        self._run = run or secrets.token_hex(4)
        self._kept_events = kept_events
        self._kept_bytes = kept_bytes
        self._ring: deque[Sent] = deque()
        self._bytes = 0
        self._next = 1
        self._news = asyncio.Event()
        self.closed = False
        self.listeners = 0
        self.dropped = 0  # listeners that were too slow

    @property
    def end(self) -> int:
        """The number of the next event."""
        return self._next

    def publish(self, kind: EventKind, data: bytes, user_id: int | None = None) -> None:
        """Send an event, whose data are JSON on one line, to everybody who wants it."""
        sent = Sent(self._next, kind, user_id, self.frame(self._next, kind, data))
        self._next += 1
        self._ring.append(sent)
        self._bytes += len(sent.frame)
        while len(self._ring) > self._kept_events or (self._bytes > self._kept_bytes and len(self._ring) > 1):
            self._bytes -= len(self._ring.popleft().frame)
        self._news.set()

    def frame(self, number: int, kind: EventKind, data: bytes) -> bytes:
        """An event in the form of text/event-stream."""
        return b"id: %s\nevent: %s\ndata: %s\n\n" % (self.identify(number), kind.encode(), data)

    def identify(self, number: int) -> bytes:
        """The id of an event on the wire."""
        return f"{self._run}-{number}".encode()

    def place_after(self, last_event_id: str) -> int:
        """Where somebody goes on who has seen this event. Raises PlaceLost."""
        run, _, number = last_event_id.rpartition("-")
        if run != self._run or not (number.isascii() and number.isdigit()) or not 0 <= int(number) < self._next:
            raise PlaceLost("unknown_id")
        self._require(int(number) + 1)
        return int(number) + 1

    def since(self, place: int) -> list[Sent]:
        """The next events from there on, not all of them at once. Raises PlaceLost."""
        self._require(place)
        behind = self._next - place
        return [self._ring[-back] for back in range(behind, max(0, behind - _AT_ONCE), -1)]

    async def wait(self, place: int) -> None:
        """Until there is an event at this place, or the broadcast is closed."""
        while self._next <= place and not self.closed:
            self._news.clear()
            await self._news.wait()

    def close(self) -> None:
        """Let everybody who listens go."""
        self.closed = True
        self._news.set()

    def _require(self, place: int) -> None:
        if place < self._next - len(self._ring):
            raise PlaceLost("too_old")


def wanted(types: frozenset[EventKind], user_id: int | None) -> Callable[[Sent], bool]:
    """Which events a listener gets: those of its types, and of lists only that of its person."""
    return lambda sent: sent.kind in types and (sent.user_id is None or sent.user_id == user_id)
