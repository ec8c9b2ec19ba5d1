"""How the pipeline around this process stands, asked when somebody wants to know."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import aiohttp

from api.resources.state import Finding, Pipeline, Service
from dataflix import metrics
from dataflix.settings import Address, Settings

PATIENCE = 1.0  # seconds for each part
KEPT = 1.0  # seconds that an answer is good for, however many ask
_SERVERS = ("postgres", "connect", "kafka", "worker", "clickhouse", "s3", "mlflow", "watcher")  # as a change meets them
_TELL_THEIR_HEALTH = frozenset({"worker", "watcher"})


class PipelineWatch(Protocol):
    """Knows how the pipeline stands."""

    async def look(self) -> Pipeline:
        """As it is now, or was a second ago. What does not answer is part of the answer."""
        ...


class Surroundings:
    """Asks each part at its address. ``clock`` gives seconds that only go on."""

    def __init__(
        self, session: aiohttp.ClientSession, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._addresses: dict[str, Address] = {name: getattr(settings, name) for name in _SERVERS}
        self._clock = clock
        self._asking = asyncio.Lock()
        self._seen: tuple[float, Pipeline] | None = None

    async def look(self) -> Pipeline:
        """As `PipelineWatch` has it."""
        async with self._asking:
            if self._seen is None or self._clock() - self._seen[0] > KEPT:
                found, *answers = await asyncio.gather(self._found(), *(self._answers(name) for name in _SERVERS))
                services = [Service(name=name, answers=so) for name, so in zip(_SERVERS, answers, strict=True)]
                self._seen = self._clock(), pipeline_of(services, found)
            return self._seen[1]

    async def _answers(self, name: str) -> bool:
        address = self._addresses[name]
        if name in _TELL_THEIR_HEALTH:
            return await self._get(f"{address.url}/health") is not None
        try:
            async with asyncio.timeout(PATIENCE):
                _, writer = await asyncio.open_connection(address.host, address.port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    async def _found(self) -> Mapping[str, Any]:
        """What the watcher found, by probe; nothing when it does not answer."""
        told = await self._get(f"{self._addresses['watcher'].url}/status")
        probes = told.get("probes") if isinstance(told, dict) else None
        return probes if isinstance(probes, dict) else {}

    async def _get(self, url: str) -> Any:
        """The JSON of an answer that is good, else None."""
        try:
            async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=PATIENCE)) as answer:
                return await answer.json(content_type=None) if answer.ok else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None


def pipeline_of(services: list[Service], found: Mapping[str, Any]) -> Pipeline:
    """The state that services and the findings of the watcher (`connectors.watcher.report`) make together."""
    values: dict[str, Any] = {}
    for told in found.values():
        values |= told["values"]
    return Pipeline(
        services=services,
        findings=[
            Finding(name=name, level=told["level"], sentence=told["sentence"], at=told["at"])
            for name, told in found.items()
        ],
        dead_letters=values.get(metrics.WATCHER_DEAD_LETTERS.name, {}),
        worker_lag=values.get(metrics.WATCHER_WORKER_LAG_EVENTS.name, {}),
    )
