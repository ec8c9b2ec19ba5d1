"""How old is the newest change in raw? The worker knows, and says so among its metrics."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from connectors.watcher.probe import Level, Observation, Reading
from dataflix import metrics
from dataflix.errors import SourceUnavailable
from dataflix.settings import Address


class WorkerPage(Protocol):
    """The worker's metrics."""

    async def read(self) -> str:
        """The page. Raises SourceUnavailable."""


class HttpPage:
    """Asks a worker."""

    def __init__(self, http: aiohttp.ClientSession, worker: Address) -> None:
        self._http = http
        self._worker = worker

    async def read(self) -> str:
        try:
            async with self._http.get(f"{self._worker.url}/metrics") as response:
                return await response.text()
        except aiohttp.ClientError:
            raise SourceUnavailable(
                f"The worker at {self._worker} does not answer: see `bin/dataflix logs worker`."
            ) from None


class NewestRowProbe:
    """The age of the newest change that is in raw, by table. An idle table grows old: only the lag tells trouble."""

    name = "newest_row"
    interval_s = 5.0
    timeout_s = 10.0

    def __init__(self, worker: WorkerPage, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives the seconds since 1970."""
        self._worker = worker
        self._clock = clock

    async def observe(self) -> Observation:
        """Raises SourceUnavailable."""
        now = self._clock()
        ages = {table: max(0.0, now - at) for table, at in newest_commits(await self._worker.read()).items()}
        readings = tuple(Reading(metrics.WATCHER_NEWEST_ROW_AGE_SECONDS, age, (table,)) for table, age in ages.items())
        told = ", ".join(f"{table} {age:.0f} s" for table, age in sorted(ages.items()))
        nothing = "The worker has delivered no change since its start."
        return Observation(Level.OK, f"Age of the newest change in raw: {told}." if told else nothing, readings)


def newest_commits(page: str) -> Mapping[str, float]:
    """When the newest change of each table in raw was committed, in seconds since 1970. Pure."""
    return {
        sample.labels["table"]: sample.value
        for family in text_string_to_metric_families(page)
        if family.name == metrics.WORKER_NEWEST_COMMIT.name
        for sample in family.samples
    }
