"""When did the connector last touch its heartbeat at the source?"""

from typing import Protocol

from connectors.watcher.probe import Level, Observation, Reading
from dataflix import metrics

WARNING_S, ERROR_S = 30.0, 120.0  # it beats every ten seconds


class HeartbeatSource(Protocol):
    """Where the heartbeat is."""

    async def heartbeat_age_s(self) -> float | None:
        """None when its row is gone. Raises SourceUnavailable."""


class HeartbeatProbe:
    """The heartbeat that Debezium writes into PostgreSQL, inside the publication: it moves an idle slot."""

    name = "heartbeat"
    interval_s = 5.0
    timeout_s = 10.0

    def __init__(self, source: HeartbeatSource) -> None:
        self._source = source

    async def observe(self) -> Observation:
        """Raises SourceUnavailable."""
        age = await self._source.heartbeat_age_s()
        if age is None:
            return Observation(
                Level.ERROR,
                "The heartbeat has no row, so an idle slot does not move: run "
                "`INSERT INTO dataflix.heartbeat DEFAULT VALUES` as the administrator of the source.",
            )
        level = Level.ERROR if age >= ERROR_S else Level.WARNING if age >= WARNING_S else Level.OK
        advice = "." if level is Level.OK else ": the connector hangs or does not run, see `bin/dataflix logs connect`."
        readings = (Reading(metrics.WATCHER_HEARTBEAT_AGE_SECONDS, age),)
        return Observation(level, f"The connector last beat {age:.0f} s ago{advice}", readings)
