"""Does the connector run? Asked of Kafka Connect."""

from collections import Counter
from typing import Protocol

from connectors.connect import ConnectorStatus
from connectors.watcher.probe import Level, Observation, Reading
from dataflix import metrics


class Connector(Protocol):
    """The connector as the probe needs it. Both raise SourceUnavailable."""

    async def status(self) -> ConnectorStatus | None:
        """None when Connect does not know the connector."""

    async def restart_failed(self) -> None:
        """Restart what failed."""


class ConnectorProbe:
    """The states of the connector and its tasks."""

    name = "connector"
    interval_s = 2.0
    timeout_s = 10.0

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    async def observe(self) -> Observation:
        status = await self._connector.status()
        if status is None:
            return Observation(Level.ERROR, "Kafka Connect has no connector: run `bin/dataflix up`.", (_running(0),))
        states = Counter([status.connector, *status.tasks])
        facts = {"connector": status.connector, "tasks": ", ".join(status.tasks) or "none"}
        if status.running:
            return Observation(Level.OK, "The connector and its task run.", (_running(1),), facts)
        return Observation(
            Level.ERROR,
            f"The connector does not run ({status}): see `bin/dataflix logs connect`.",
            (_running(0),),
            facts | {"states": ", ".join(sorted(states))},
        )


def _running(value: int) -> Reading:
    return Reading(metrics.WATCHER_CONNECTOR_RUNNING, value)
