"""How far the API has followed the stream, and how old that makes its knowledge. Pure: the clock is an argument."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

Clock = Callable[[], float]  # seconds, monotonic
Partition = tuple[str, int]  # topic and number


class Source(StrEnum):
    """Where histories were read from when this process started."""

    CLICKHOUSE = "clickhouse"
    TOPICS = "topics"


class Progress:
    """Positions by partition against the ends that the broker told. One thread at a time."""

    def __init__(self, topics: frozenset[str], clock: Clock) -> None:
        self._awaited = topics
        self._clock = clock
        self._goals: dict[Partition, int] = {}
        self._ends: dict[Partition, int] = {}
        self._positions: dict[Partition, int] = {}
        self._contact: float | None = None
        self._born = clock()
        self.source = Source.TOPICS
        self.start_seconds: float | None = None  # what it took to catch up, None until then
        self.newest_commit: datetime | None = None
        self.rejected = 0
        self.caught_up = not topics

    def began(self, partition: Partition, end: int) -> None:
        """The partition is followed from its beginning and ended at offset ``end`` at that time."""
        self._goals.setdefault(partition, end)
        self._positions.setdefault(partition, 0)
        self.saw_end(partition, end)

    def reached(self, partition: Partition, position: int) -> None:
        """Everything of the partition below offset ``position`` is counted."""
        self._positions[partition] = position
        self._look()

    def saw_end(self, partition: Partition, end: int) -> None:
        """The broker told that the partition ends at offset ``end``."""
        self._ends[partition] = end
        self._look()

    def committed(self, moment: datetime) -> None:
        """A change that was committed then is counted."""
        if self.newest_commit is None or moment > self.newest_commit:
            self.newest_commit = moment

    def heard(self) -> None:
        """The broker answered just now."""
        self._contact = self._clock()

    @property
    def lag(self) -> int:
        """Events that are known to exist and not yet counted."""
        return sum(max(0, end - self._positions.get(partition, 0)) for partition, end in self._ends.items())

    @property
    def silence(self) -> float | None:
        """Seconds since the broker last answered, None when it never did."""
        return None if self._contact is None else self._clock() - self._contact

    def _look(self) -> None:
        if self.caught_up or {topic for topic, _ in self._goals} < self._awaited:
            return
        self.caught_up = all(self._positions[partition] >= goal for partition, goal in self._goals.items())
        if self.caught_up:
            self.start_seconds = self._clock() - self._born
