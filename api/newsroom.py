"""Turns what the stream and the registry bring into events for those who listen."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from api.broadcast import Broadcast
from api.live_events import EventKind, LagEvent, ModelEvent
from api.live_lists import MILLISECONDS, LiveLists
from api.progress import Progress
from dataflix.masked_events import MaskedEvent

BEAT = 1.0  # seconds between events of lag
LONGEST_ROW = 64 * 1024  # bytes; a longer one is told without its long texts
LONGEST_TEXT = 1_000  # characters


class Counted(NamedTuple):
    """A change that was news, and whose history it changed."""

    event: MaskedEvent
    people: tuple[int, ...]


class Newsroom:
    """Publishes. One event loop; ``wall_clock`` gives the seconds since 1970."""

    def __init__(
        self, broadcast: Broadcast, lists: LiveLists, progress: Progress, wall_clock: Callable[[], float]
    ) -> None:
        self._broadcast = broadcast
        self._lists = lists
        self._progress = progress
        self._now = wall_clock
        self._events = 0
        self._lag: tuple[bool, int, int] | None = None

    def counted(self, changes: Sequence[Counted], *, live: bool) -> None:
        """These changes count now. What is read of the past at start is no news to anybody, and its end is."""
        self._events += len(changes)
        if not live:
            if self._progress.caught_up:
                self._lists.caught_up()
            return
        commits: dict[int, datetime] = {}
        for change in changes:
            self._broadcast.publish(EventKind.CHANGE, self._change(change.event))
            commits.update(dict.fromkeys(change.people, change.event.committed_at))
        self._lists.history_changed(commits)

    def model_switched(self, version: str | None, before: str | None) -> None:
        """Another champion is served from now on."""
        event = ModelEvent(version=version, before=before)
        self._broadcast.publish(EventKind.MODEL, event.model_dump_json().encode())
        self._lists.look_at_all("model")

    async def beat(self) -> None:
        """Tell the lag, and look for lists that others moved, until cancelled."""
        while True:
            self.tell_lag()
            self._lists.look_at_all("others")
            await asyncio.sleep(BEAT)

    def tell_lag(self) -> None:
        """An event of lag, when somebody listens or it has changed."""
        progress = self._progress
        lag = (progress.caught_up, progress.lag, self._events)
        if lag == self._lag and not self._broadcast.listeners:
            return
        self._lag = lag
        event = LagEvent(
            caught_up=progress.caught_up,
            lag=progress.lag,
            seconds_since_contact=progress.silence,
            newest_commit=progress.newest_commit,
            events=self._events,
        )
        self._broadcast.publish(EventKind.LAG, event.model_dump_json().encode())

    def _change(self, event: MaskedEvent) -> bytes:
        """A `ChangeEvent`, without building one for every event."""
        fields = {
            "table": event.table,
            "deleted": event.deleted,
            "row": event.row,
            "committed_at": event.committed_at,
            "milliseconds": round((self._now() - event.committed_at.timestamp()) * MILLISECONDS, 1),
            "txid": event.txid,
        }
        data = orjson.dumps(fields, option=orjson.OPT_UTC_Z)
        if len(data) <= LONGEST_ROW:
            return data
        short = {name: value for name, value in event.row.items() if len(str(value)) <= LONGEST_TEXT}
        return orjson.dumps(fields | {"row": short}, option=orjson.OPT_UTC_Z)
