"""Does the connector run? What failed is restarted, at longer and longer intervals."""

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from connectors.connect import ConnectorStatus
from connectors.watcher.backoff import Backoff
from connectors.watcher.probe import Level, Observation, Reading
from dataflix import metrics

_log = structlog.get_logger(__name__)


class Connector(Protocol):
    """The connector as the probe needs it. Both raise SourceUnavailable."""

    async def status(self) -> ConnectorStatus | None:
        """None when Connect does not know the connector."""

    async def restart_failed(self) -> None:
        """Restart what failed."""


class ConnectorProbe:
    """The states of the connector and its tasks; restarts what failed."""

    name = "connector"
    interval_s = 2.0
    timeout_s = 15.0

    def __init__(
        self, connector: Connector, backoff: Backoff | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connector = connector
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._restarts = 0

    async def observe(self) -> Observation:
        """Raises SourceUnavailable."""
        status = await self._connector.status()
        if status is None:
            return self._observation(
                Level.ERROR, "Kafka Connect does not know the connector: run `bin/dataflix up`.", status
            )
        if status.running:
            self._backoff.well(self._clock())
            return self._observation(Level.OK, "The connector and its task run.", status)
        told = f"The connector does not run ({status}): see `bin/dataflix logs connect`."
        if status.failed:
            told += f" {await self._restart(status)}"
        return self._observation(Level.ERROR, told, status)

    async def _restart(self, status: ConnectorStatus) -> str:
        wait_s = self._backoff.due_in(self._clock())
        if not wait_s:
            # counted before the call: one that Connect refuses is repeated no sooner
            self._backoff.tried(self._clock())
            self._restarts += 1
            _log.warning("connector_restarted", status=str(status), tries=self._backoff.tries)
            await self._connector.restart_failed()
            return f"It was restarted (try {self._backoff.tries})."
        return f"It was restarted {self._backoff.tries} times; the next try comes in {wait_s:.0f} s."

    def _observation(self, level: Level, sentence: str, status: ConnectorStatus | None) -> Observation:
        readings = (
            Reading(metrics.WATCHER_CONNECTOR_RUNNING, int(level is Level.OK)),
            Reading(metrics.WATCHER_CONNECTOR_RESTARTS, self._restarts),
        )
        facts = {"connector": status.connector, "tasks": ", ".join(status.tasks)} if status else {}
        return Observation(level, sentence, readings, facts)
