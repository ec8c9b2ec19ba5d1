"""Were changes lost? Then everything is read again, in a new epoch, until raw is the source once more.

How far that has come stands at the source (`connectors.epochs`), so whichever watcher comes next goes on with it. The
two long steps are commands, ``connectors register`` and ``clickhouse verify --repair``: one that hangs or is killed
with the watcher is begun again.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, LiteralString, Protocol

import structlog

from connectors import losses
from connectors.epochs import Epoch, State
from connectors.losses import Facts
from connectors.watcher.backoff import Backoff
from connectors.watcher.lag import WorkerGroup
from connectors.watcher.probe import Level, Observation, Reading
from dataflix import metrics
from dataflix.errors import SourceUnavailable
from dataflix.settings import PROJECT, Settings

Run = Callable[[Sequence[str]], Awaitable[int]]
"""Runs ``python -m`` with arguments; the exit code."""

REGISTER = ("connectors", "register")
REPAIR = ("clickhouse", "verify", "--repair", "--wait", "120")
_FIRST_WAIT_S = 5.0  # between two tries of a step
_SURE = 2  # looks in a row that have to find the same loss

_log = structlog.get_logger(__name__)


class Source(Protocol):
    """The source as the probe needs it. Both raise SourceUnavailable."""

    async def first_row(self, query: LiteralString, arguments: Sequence[str]) -> tuple[Any, ...] | None: ...

    async def move(self, epoch: Epoch, state: State) -> None:
        """Note how far ``epoch`` has come."""


class RecoveryProbe:
    """Looks for lost changes, and works off the recovery from them step by step."""

    name = "recovery"
    interval_s = 2.0
    timeout_s = 30.0

    def __init__(
        self,
        source: Source,
        connector: losses.Connector,
        worker: WorkerGroup,
        run: Run,
        settings: Settings,
    ) -> None:
        self._source = source
        self._connector = connector
        self._worker = worker
        self._run = run
        self._slot = settings.connector
        self._by_itself = settings.recover  # whether a new epoch may begin without a person
        self._backoff = Backoff(first_s=_FIRST_WAIT_S)
        self._clock = time.monotonic
        self._working: asyncio.Task[None] | None = None
        self._suspected: tuple[str, int] | None = None  # a loss, and how often in a row it was found
        self._until: dict[tuple[str, int], int] | None = None  # where the private topics ended after the snapshot

    async def observe(self) -> Observation:
        """Raises SourceUnavailable."""
        facts = await losses.look(self._source.first_row, self._connector, self._slot)
        epoch, lost = facts.epoch, losses.loss(facts)
        if facts.written is None or epoch is None:
            return Observation(Level.WARNING, "Nothing is registered to be read yet: run `bin/dataflix up`.")
        if lost:
            return self._lost(lost, epoch)
        self._suspected = None
        if epoch.state is State.WHOLE:
            self._backoff.well(self._clock())
            return _observation(Level.OK, f"No change was lost in epoch {epoch.number}.", epoch)
        await self._go_on(epoch, facts)
        return self._under_way(epoch)

    def _lost(self, reason: str, epoch: Epoch) -> Observation:
        times = self._suspected[1] + 1 if self._suspected and self._suspected[0] == reason else 1
        self._suspected = (reason, times)
        told = f"Changes are lost to the stream: {reason}."
        if not self._by_itself:
            return _observation(Level.ERROR, f"{told} `bin/dataflix recover` reads everything again.", epoch)
        if times >= _SURE:
            self._until = None
            self._start(REGISTER, None)
        return _observation(Level.ERROR, f"{told} Everything is about to be read again.", epoch)

    async def _go_on(self, epoch: Epoch, facts: Facts) -> None:
        """The next step, unless one is under way."""
        match epoch.state:
            case State.RAISED:
                self._start(REGISTER, None)
            case State.READING if facts.place and not facts.place.in_snapshot:
                # before the first epoch there was nothing that could have to go
                await self._source.move(epoch, State.COMPARING if epoch.number else State.WHOLE)
            case State.COMPARING if await self._worker_is_there():
                self._start(REPAIR, epoch)
            case _:
                pass

    async def _worker_is_there(self) -> bool:
        """Whether the worker has delivered what the topics held when this was first asked."""
        standings = await asyncio.to_thread(self._worker.standings)
        places = {(table, number): at for table, of in standings.items() for number, at in of.items()}
        if self._until is None:
            self._until = {place: at.end for place, at in places.items()}
        return all(place in places and places[place].delivered >= end for place, end in self._until.items())

    def _start(self, command: Sequence[str], done: Epoch | None) -> None:
        """Run ``command`` beside the looks, when it is due; the epoch ``done`` is whole once it has succeeded."""
        if (self._working and not self._working.done()) or self._backoff.due_in(self._clock()):
            return
        self._backoff.tried(self._clock())
        self._working = asyncio.create_task(self._work(command, done), name=self.name)

    async def _work(self, command: Sequence[str], done: Epoch | None) -> None:
        _log.warning("recovery_step", command=" ".join(command))
        code = await self._run(command)
        _log.info("recovery_step_ended", command=" ".join(command), exit_code=code)
        if code == 0:
            self._backoff = Backoff(first_s=_FIRST_WAIT_S)
            self._until = None
            if done:
                try:
                    await self._source.move(done, State.WHOLE)
                except SourceUnavailable as error:  # they are compared once more
                    _log.warning("recovery_not_noted", reason=str(error))

    async def stop(self) -> None:
        """Break off the step that is under way: the next watcher begins it again."""
        if self._working:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)

    def _under_way(self, epoch: Epoch) -> Observation:
        steps = {
            State.RAISED: "the connector is being started anew",
            State.READING: "the connector reads every table",
            State.COMPARING: "source and raw are being compared, and what was deleted meanwhile is taken out",
        }
        told = f"Epoch {epoch.number} began because {epoch.reason}; {steps[epoch.state]}."
        if self._backoff.tries > 1:
            return _observation(
                Level.ERROR, f"{told} It was tried {self._backoff.tries} times: see `bin/dataflix logs watcher`.", epoch
            )
        return _observation(Level.WARNING if epoch.number else Level.OK, told, epoch)


def _observation(level: Level, sentence: str, epoch: Epoch) -> Observation:
    readings = (
        Reading(metrics.WATCHER_EPOCH, epoch.number),
        Reading(metrics.WATCHER_RECOVERING, int(epoch.state is not State.WHOLE and epoch.number > 0)),
    )
    return Observation(level, sentence, readings, {"state": str(epoch.state), "reason": epoch.reason})


async def run_program(arguments: Sequence[str]) -> int:
    """Run a command of another program; it ends when this is cancelled. What it says goes to the watcher's log."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        cwd=PROJECT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.terminate()
        raise
    lines = output.decode(errors="replace").strip().splitlines()
    _log.info("program_ended", arguments=" ".join(arguments), exit_code=process.returncode, last=lines[-1:])
    return process.returncode or 0
