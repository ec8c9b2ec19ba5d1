"""The loop of the watcher: every probe at its own pace, none held up by another."""

import asyncio
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from connectors.watcher.probe import Level, Observation, Probe
from dataflix.errors import DataflixError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the last look of a probe found."""

    observation: Observation
    at: datetime  # UTC
    took_s: float


class Watch:
    """Runs probes and keeps their newest findings."""

    def __init__(self, probes: Iterable[Probe], clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._probes = tuple(probes)
        self._clock = clock
        self._findings: dict[str, Finding] = {}

    @property
    def findings(self) -> Mapping[str, Finding]:
        """The newest finding of each probe that has looked, in the order of the probes."""
        return {probe.name: self._findings[probe.name] for probe in self._probes if probe.name in self._findings}

    async def run(self) -> None:
        """Look until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for probe in self._probes:
                tasks.create_task(self._repeat(probe), name=probe.name)

    async def look(self, probe: Probe) -> None:
        """Let ``probe`` look once, and keep what it found. Whatever goes wrong is a finding."""
        started = time.monotonic()
        observation = await _observed(probe)
        self._keep(probe.name, Finding(observation, self._clock(), time.monotonic() - started))

    async def _repeat(self, probe: Probe) -> None:
        while True:
            await self.look(probe)
            await asyncio.sleep(probe.interval_s)

    def _keep(self, name: str, finding: Finding) -> None:
        before, now = self._findings.get(name), finding.observation
        self._findings[name] = finding
        level = before.observation.level if before else Level.OK
        if now.level is not level:
            say = _log.info if now.level is Level.OK else _log.warning
            say("finding_changed", probe=name, before=str(level), now=str(now.level), sentence=now.sentence)


async def _observed(probe: Probe) -> Observation:
    try:
        async with asyncio.timeout(probe.timeout_s):
            return await probe.observe()
    except TimeoutError:
        return Observation(
            Level.ERROR,
            f"There was no answer within {probe.timeout_s:g} s: see in `bin/dataflix status` which server hangs.",
        )
    except DataflixError as error:
        return Observation(Level.ERROR, str(error))
    except Exception as error:  # a fault of one probe must not end the others
        # its text may quote a row: the place tells enough
        place = traceback.extract_tb(error.__traceback__)[-1]
        _log.error("probe_failed", probe=probe.name, error=type(error).__name__, file=place.filename, line=place.lineno)
        return Observation(
            Level.ERROR, f"The probe itself failed ({type(error).__name__}): see `bin/dataflix logs watcher`."
        )
