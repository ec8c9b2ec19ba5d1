"""Erasures that people asked for: the request stands at the source, a command of its own finishes it.

The command is started while requests wait, also those of an earlier life of this process. It lets one run work at a
time, so any number of API processes may start it.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog

from dataflix.errors import SourceUnavailable
from dataflix.settings import PROJECT

log = structlog.get_logger(__name__)

COMMAND = ("-m", "clickhouse", "forget-requested")
LOOK_EVERY = 15.0  # seconds; a request made here is taken up at once, this catches those of other processes
MAX_PAUSE = 240.0  # seconds between attempts that fail

AnyWaiting = Callable[[], Awaitable[bool]]
Finish = Callable[[], Awaitable[bool]]


class Erasing:
    """Has erasures finished. ``any_waiting`` looks at the requests, ``finish`` runs the command: False, it failed."""

    def __init__(self, any_waiting: AnyWaiting, finish: Finish, look_every: float = LOOK_EVERY) -> None:
        self._any_waiting = any_waiting
        self._finish = finish
        self._look_every = look_every
        self._requested = asyncio.Event()

    def requested(self) -> None:
        """Somebody is to be erased: look now."""
        self._requested.set()

    async def run(self) -> None:
        """Work until cancelled. What fails is tried again, at growing distances."""
        pause = self._look_every
        while True:
            self._requested.clear()
            pause = self._look_every if await self._work() else min(2 * pause, MAX_PAUSE)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._requested.wait(), pause)

    async def _work(self) -> bool:
        try:
            if not await self._any_waiting():
                return True
        except SourceUnavailable:
            return True  # nothing was tried, and PostgreSQL may be back the next time
        return await self._finish()


async def finish_erasures(home: Path) -> bool:
    """Run the command on the stack of ``home``; False when it failed. When cancelled, it ends the command.

    The command may be ended at any point: the next run goes on.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *COMMAND,
        cwd=PROJECT,
        env=os.environ | {"DATAFLIX_HOME": str(home)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        told, _ = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    last = told.decode(errors="replace").strip().rpartition("\n")[2]
    if process.returncode:
        log.warning("erasures_not_finished", exit_code=process.returncode, reason=last)
        return False
    log.info("erasures_finished", told=last)
    return True
