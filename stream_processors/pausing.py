"""Which tables wait, because the source is no longer what their contracts say (docs/adr/0006-structure-and-pauses.md).

What was fetched of such a table is held, unacknowledged, and its partitions are fetched no further: their offsets stay
where they are, and every other table goes on. The held batches go first when the table goes on.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import structlog

from stream_processors.batch_consumer import FetchedBatch
from stream_processors.instruments import Instruments
from stream_processors.source_structure import SourceStructure, StructureReading

ASK_SECONDS = 1.0
# Between the time that a commit bears and the moment in which everybody sees it, clocks included.
MARGIN_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Fetched(Protocol):
    """A Faust event whose message holds a fetched batch."""

    @property
    def batch(self) -> FetchedBatch: ...

    def acknowledge(self) -> None:
        """Let the offsets of the batch be committed."""


class Partitions(Protocol):
    """The partitions that are read."""

    def pause(self, topic: str, partition: int) -> None:
        """Fetch no more of it, and keep it."""

    def resume(self, topic: str) -> None:
        """Fetch the partitions of ``topic`` again that were paused."""


class Pauses:
    """Holds the batches of tables that wait.

    A table waits while the newest reading says that it is not what its contract says. One whose event looked like that
    waits until there is a reading that is newer than the event: only the structure tells a changed source from a
    single bad event. While nobody knows the structure, no event makes a table wait; one that waits for a reason that
    was read goes on waiting.
    """

    def __init__(
        self,
        structure: SourceStructure,
        partitions: Partitions,
        instruments: Instruments,
        *,
        tables: Mapping[str, str],
        is_current: Callable[[FetchedBatch], bool],
    ) -> None:
        """``tables`` are the names of the tables by their private topics."""
        self._structure = structure
        self._partitions = partitions
        self._instruments = instruments
        self._tables = tables
        self._is_current = is_current
        self._reading: StructureReading | None = None
        self._stopped: frozenset[str] = frozenset()
        self._doubts: dict[str, float] = {}  # by topic: when the newest event was written that looked wrong
        self._held: dict[str, list[Fetched]] = {}

    @property
    def holds(self) -> bool:
        """Whether something waits."""
        return bool(self._held)

    async def ask(self) -> None:
        """Read the structure of the source."""
        self._reading = await self._structure.read()
        if self._reading is not None:
            self._report(self._reading.stopped)
            self._stopped = self._reading.stopped

    def sort_out(self, events: Iterable[Fetched]) -> list[Fetched]:
        """What may be processed now, in order: of what was held, then of ``events``. The rest is held."""
        free: list[Fetched] = []
        for topic in [topic for topic in self._held if not self._waits(topic)]:
            free += self._let_go(topic)
        for event in events:
            topic = event.batch.records[0].topic
            if self._waits(topic):
                self._hold(topic, event)
            else:
                free.append(event)
        return free

    def doubt(self, topic: str, at: float, events: Iterable[Fetched]) -> bool:
        """One of ``events``, written ``at`` (seconds since 1970), does not look like its contract.

        True when they are held, until the structure of the source is known; False when they have to be processed.
        """
        self._doubts[topic] = max(at, self._doubts.get(topic, 0.0))
        if not self._waits(topic):
            return False
        for event in events:
            self._hold(topic, event)
        return True

    def _waits(self, topic: str) -> bool:
        if self._tables[topic] in self._stopped:
            return True
        if self._reading is None or topic not in self._doubts:
            return False
        if self._reading.as_of <= self._doubts[topic] + MARGIN_SECONDS:
            return True
        del self._doubts[topic]
        return False

    def _hold(self, topic: str, event: Fetched) -> None:
        held = [one for one in self._held.get(topic, ()) if self._is_current(one.batch)]
        self._held[topic] = [*held, event]
        self._partitions.pause(topic, event.batch.records[0].partition)

    def _let_go(self, topic: str) -> list[Fetched]:
        self._partitions.resume(topic)
        return [event for event in self._held.pop(topic) if self._is_current(event.batch)]

    def _report(self, stopped: frozenset[str]) -> None:
        ours = frozenset(self._tables.values())
        for table in sorted((stopped - self._stopped) & ours):
            self._instruments.paused(table)
            _log.error("table_paused", table=table, reason="The source is not what its contract says: see `status`.")
        for table in sorted((self._stopped - stopped) & ours):
            self._instruments.resumed(table)
            _log.info("table_resumed", table=table)
