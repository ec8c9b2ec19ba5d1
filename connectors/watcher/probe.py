"""What a probe is, and what it finds.

A probe looks at one thing. To add one: a module with a class that fits `Probe`, its metrics in ``dataflix/metrics.py``,
and a line in `connectors.watcher.program`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from dataflix.metrics import Metric


class Level(StrEnum):
    """How bad a finding is: a warning can wait until somebody looks, an error cannot."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0, 1 or 2: the worst of several has the highest."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Reading:
    """One number that was measured, under a metric that `dataflix.metrics` declares."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """How the observed thing stands. Neither sentence nor facts nor labels hold a personal value."""

    level: Level
    sentence: str  # what is so; unless all is well, also what to do
    readings: tuple[Reading, ...] = ()  # each is a sample at /metrics until the next observation
    facts: Mapping[str, str] = field(default_factory=dict)  # what is no number: states, names of columns


class Probe(Protocol):
    """Looks at one thing, again and again, from the watcher's event loop."""

    @property
    def name(self) -> str:
        """A short name with underscores: the key of the finding at /status, and its label at /metrics."""

    @property
    def interval_s(self) -> float:
        """Seconds from the end of one look to the next."""

    @property
    def timeout_s(self) -> float:
        """Seconds after which a look that has not ended is cancelled, which is a finding too."""

    async def observe(self) -> Observation:
        """Look once. What blocks runs in a thread, with a limit of its own that is below ``timeout_s``.

        Raises DataflixError when the thing cannot be seen, because a server is away: its sentence is the finding.
        """
