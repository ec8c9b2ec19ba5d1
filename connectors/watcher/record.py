"""The history of the watcher's readings, for dashboards: written into ClickHouse at a steady pace."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from connectors.watcher.watch import Finding
from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.errors import SourceUnavailable
from dataflix.pipeline_history import READING_COLUMNS, READINGS
from dataflix.settings import Settings

EVERY_S = 10.0

Row = tuple[datetime, str, str, float]
"""As READING_COLUMNS has it."""

_log = structlog.get_logger(__name__)


class History(Protocol):
    """Where readings are kept. Blocks; raises SourceUnavailable."""

    def add(self, rows: Sequence[Row]) -> None: ...


def rows(findings: Mapping[str, Finding], at: datetime) -> list[Row]:
    """The readings of the newest findings. Pure."""
    return [
        (at, reading.metric.name, "/".join(reading.labels), float(reading.value))
        for finding in findings.values()
        for reading in finding.observation.readings
    ]


class Recorder:
    """Adds what was found to the history. While that cannot be reached, there is a gap, and the watcher watches on."""

    def __init__(
        self,
        findings: Callable[[], Mapping[str, Finding]],
        history: History,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._findings = findings
        self._history = history
        self._clock = clock
        self._away = False

    async def run(self) -> None:
        """Record until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.record()

    async def record(self) -> None:
        """Record once."""
        found = rows(self._findings(), self._clock())
        if not found:
            return
        try:
            await asyncio.to_thread(self._history.add, found)
        except SourceUnavailable as error:
            if not self._away:
                _log.warning("history_interrupted", sentence=str(error))
            self._away = True
        else:
            if self._away:
                _log.info("history_goes_on")
            self._away = False


class ClickHouseHistory:
    """The table of readings; connected when there is something to add."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def add(self, rows: Sequence[Row]) -> None:
        try:
            if self._client is None:
                self._client = open_clickhouse(self._settings, ClickHouseUser.WATCHER)
            self._client.insert(READINGS, rows, column_names=READING_COLUMNS)
        except (ClickHouseError, HTTPError, OSError) as error:
            self.close()
            raise SourceUnavailable(
                f"ClickHouse at {self._settings.clickhouse} does not take the readings ({type(error).__name__}): see "
                "`bin/dataflix logs clickhouse`."
            ) from None

    def close(self) -> None:
        if self._client is not None:
            with suppress(ClickHouseError, HTTPError, OSError):
                self._client.close()
            self._client = None
