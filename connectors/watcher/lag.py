"""How far is the worker behind the private topics? In events, and in seconds."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from connectors.watcher.probe import Level, Observation, Reading
from dataflix import metrics

WARNING_S, ERROR_S = 30.0, 300.0
_KEPT = 1_000  # ends that are remembered of a partition: the lag in seconds is told up to as many looks


class Standing(NamedTuple):
    """Of a partition: where it ends, and before which offset everything was delivered."""

    end: int
    delivered: int


Standings = Mapping[str, Mapping[int, Standing]]  # by table and partition


class WorkerGroup(Protocol):
    """The consumer group of the workers. Blocks; raises SourceUnavailable."""

    def standings(self) -> Standings: ...


class LagClock:
    """Turns offsets into seconds: how long ago the partition ended where the worker is now. Pure."""

    def __init__(self) -> None:
        self._ends: deque[tuple[float, int]] = deque(maxlen=_KEPT)  # (when it was first seen, end)

    def behind_s(self, now: float, standing: Standing) -> float:
        """Seconds since the oldest event that is not delivered was first seen; 0 when there is none."""
        if not self._ends or standing.end != self._ends[-1][1]:
            self._ends.append((now, standing.end))
        while len(self._ends) > 1 and self._ends[0][1] <= standing.delivered:
            self._ends.popleft()
        return now - self._ends[0][0] if standing.delivered < standing.end else 0.0


class LagProbe:
    """The lag of the worker, by table."""

    name = "worker_lag"
    interval_s = 2.0
    timeout_s = 15.0

    def __init__(self, group: WorkerGroup, clock: Callable[[], float] = time.monotonic) -> None:
        self._group = group
        self._clock = clock
        self._clocks: dict[tuple[str, int], LagClock] = {}

    async def observe(self) -> Observation:
        """Raises SourceUnavailable."""
        standings = await asyncio.to_thread(self._group.standings)
        now = self._clock()
        events = {
            table: sum(max(0, end - delivered) for end, delivered in of.values()) for table, of in standings.items()
        }
        seconds = {
            table: max(
                (self._clocks.setdefault((table, number), LagClock()).behind_s(now, at) for number, at in of.items()),
                default=0.0,
            )
            for table, of in standings.items()
        }
        return _judge(events, seconds)


def _judge(events: Mapping[str, int], seconds: Mapping[str, float]) -> Observation:
    readings = (
        *(Reading(metrics.WATCHER_WORKER_LAG_EVENTS, count, (table,)) for table, count in events.items()),
        *(Reading(metrics.WATCHER_WORKER_LAG_SECONDS, age, (table,)) for table, age in seconds.items()),
    )
    behind = max(seconds.values(), default=0.0)
    waiting = ", ".join(f"{count} of {table}" for table, count in events.items() if count) or "none"
    if behind < WARNING_S:
        return Observation(Level.OK, f"Events that wait for the worker: {waiting}.", readings)
    return Observation(
        Level.ERROR if behind >= ERROR_S else Level.WARNING,
        f"The worker is {behind:.0f} s behind; events that wait: {waiting}. See `bin/dataflix logs worker`.",
        readings,
    )
