"""What the watcher last read of the source's structure: is a table still what its contract says?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import aiohttp
import orjson

from dataflix.settings import Address

REPLY_SECONDS = 2.0
PROBE = "structure"  # the watcher's name for it


@dataclass(frozen=True, slots=True)
class StructureReading:
    """The structure of the source at one moment, compared with the contracts."""

    as_of: float  # seconds since 1970, on the source's clock
    stopped: frozenset[str]  # tables that are not what their contracts say


class SourceStructure(Protocol):
    """Who has read the source's structure."""

    async def read(self) -> StructureReading | None:
        """The newest reading; None when nobody knows."""


class WatcherStructure:
    """Asks the watcher over HTTP."""

    def __init__(self, watcher: Address) -> None:
        self._url = f"{watcher.url}/status"
        self._session: aiohttp.ClientSession | None = None

    async def read(self) -> StructureReading | None:
        """None when the watcher does not answer, or could not read the source itself."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REPLY_SECONDS))
        try:
            async with self._session.get(self._url) as answer:
                return reading_of(orjson.loads(await answer.read()))
        except (TimeoutError, aiohttp.ClientError, ValueError):
            return None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def reading_of(status: Any) -> StructureReading | None:
    """The reading in what the watcher says about itself; None where it has none."""
    try:
        facts = status["probes"][PROBE]["facts"]
        stopped = str(facts["stopped"])
        return StructureReading(
            datetime.fromisoformat(facts["as_of"]).timestamp(), frozenset(filter(None, stopped.split(",")))
        )
    except (LookupError, TypeError, ValueError):
        return None


class FixedStructure:
    """Says what it was told to: the source that nobody watches, or one in a test."""

    def __init__(self, reading: StructureReading | None = None) -> None:
        self.reading = reading

    async def read(self) -> StructureReading | None:
        return self.reading
