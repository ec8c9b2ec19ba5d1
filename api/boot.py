"""How the histories begin: read from ClickHouse where it is certain to hold all that the masked topics told so far.

The order makes it certain. First the ends of the masked topics are noted, from which they are followed later. Then the
ends of the private topics: whatever was published before the first came out of an event before the second. The worker
commits an event when it is both in ClickHouse and published, and repeats both when it did not come so far. So once its
commits have passed the second ends, ClickHouse holds what was published before the first. What is read twice does no
harm, because versions decide (docs/adr/0028).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from api.progress import Partition
from api.replica import Replica
from dataflix.errors import DataflixError

log = structlog.get_logger(__name__)

# The worker is not waited for longer than about what it takes to read the topics instead
EVENTS_A_SECOND = 25_000
LEAST_PATIENCE, MOST_PATIENCE = 3.0, 30.0  # seconds
LOOK_EVERY = 0.1  # seconds

Wait = Callable[[float], bool]  # wait so many seconds; True when nobody wants the result any more


class NotWhole(DataflixError):
    """ClickHouse does not hold everything that the masked topics told."""


class GivenUp(DataflixError):
    """The API stops."""


class Worker(Protocol):
    """What the worker has delivered of the tables that are followed. Raises SourceUnavailable."""

    def begun(self) -> frozenset[str]:
        """The masked topics of whose tables it has delivered something, and whose private topics are there."""

    def private_ends(self) -> Mapping[Partition, int]:
        """Where the private topics end now."""

    def committed(self) -> Mapping[Partition, int]:
        """Offsets of the private topics before which everything is in ClickHouse and published."""


@dataclass(slots=True)
class Histories:
    """What ClickHouse holds. ``rows`` counts by table what was ever written, deleted rows too."""

    replica: Replica = field(default_factory=Replica)
    rows: dict[str, int] = field(default_factory=dict)
    newest_commit: datetime | None = None
    rejected: int = 0  # rows that no event could have brought


class RawHistories(Protocol):
    """ClickHouse. Raises DataflixError where it is away, or refuses."""

    def reachable(self) -> None:
        """Nothing, when it answers."""

    def read(self, wait: Wait) -> Histories:
        """All rows, each in its newest version. Raises GivenUp when ``wait`` says so."""


@dataclass(frozen=True, slots=True)
class Booted:
    """What ClickHouse held, and the offsets from which the masked topics tell what came after it."""

    histories: Histories
    positions: Mapping[Partition, int]


class HistoryReader(Protocol):
    """What the follower asks before it follows."""

    def read(self, tables: Mapping[str, str], ends: Mapping[Partition, int], wait: Wait) -> Booted | None:
        """What the masked topics told before ``ends``, None where nobody can say it for certain."""


class Boot:
    """Reads the histories, once. Blocks, so it is for a thread."""

    def __init__(self, worker: Worker, raw: RawHistories) -> None:
        self._worker = worker
        self._raw = raw

    def read(self, tables: Mapping[str, str], ends: Mapping[Partition, int], wait: Wait) -> Booted | None:
        """What the masked topics told before ``ends``, None where ClickHouse does not say it for certain.

        ``tables`` are the names of the tables by their masked topics, all of which are in ``ends``.
        """
        try:
            self._raw.reachable()
            told = {topic for (topic, _), end in ends.items() if end > 0}
            patience = min(max(LEAST_PATIENCE, sum(ends.values()) / EVENTS_A_SECOND), MOST_PATIENCE)
            self._await_worker(told, patience, wait)
            histories = self._raw.read(wait)
            if empty := sorted(topic for topic in told if not histories.rows.get(tables[topic])):
                raise NotWhole(f"ClickHouse holds nothing of what {', '.join(empty)} told.")
        except DataflixError as error:
            log.warning("histories_from_topics", reason=str(error))
            return None
        return Booted(histories, ends)

    def _await_worker(self, told: set[str], patience: float, wait: Wait) -> None:
        if strange := sorted(told - self._worker.begun()):
            raise NotWhole(f"What {', '.join(strange)} told was not delivered by this stack's worker.")
        goals = self._worker.private_ends()
        left = round(patience / LOOK_EVERY)
        while behind := self._behind(goals):
            if not left:
                raise NotWhole(
                    f"The worker is not done with what {', '.join(behind)} held {patience:.0f} s ago: see that it "
                    "runs (`bin/dataflix status`)."
                )
            if wait(LOOK_EVERY):
                raise GivenUp("The API stops.")
            left -= 1

    def _behind(self, goals: Mapping[Partition, int]) -> list[str]:
        committed = self._worker.committed()
        return sorted({place[0] for place, goal in goals.items() if committed.get(place, 0) < goal})
