"""Several processes behind one port: started, started again when one ends, and ended together.

The kernel deals connections out to whoever listens on the port (SO_REUSEPORT). The parent listens to nothing; it holds
the port, so that nobody else takes it while a process is started again. A process ends when the parent does: it reads
from a pipe that nobody writes to.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import structlog

from dataflix.settings import Address

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds between an end and the next start
LASTING = 10.0  # seconds after which a process that ends counts as one that had worked
STOP_PATIENCE = 15.0  # seconds until a process that was told to end is killed
BAD_INPUT = 2  # exit code of a process that would end like this every time

Command = Callable[[int], Sequence[str]]
"""The command line of the process with this number, from 1."""


@contextmanager
def held(address: Address) -> Iterator[None]:
    """The port is nobody else's, and whoever belongs to us may listen on it. Raises OSError when it is taken."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # Who listens already would let us in beside it, if it shares as we do
    with socket.socket(family) as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind((address.host, address.port))
    with socket.socket(family) as shared:
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.bind((address.host, address.port))
        yield


class Processes:
    """``count`` processes that run until this one is told to end, or one of them says that its input is bad."""

    def __init__(self, command: Command, count: int) -> None:
        self._command = command
        self._count = count
        self._stop = asyncio.Event()
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._exit_code = 0

    async def run(self) -> int:
        """Run them until SIGTERM or SIGINT; the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        keepers = [asyncio.create_task(self._keep(number)) for number in range(1, self._count + 1)]
        await self._stop.wait()
        await self._end()
        await asyncio.gather(*keepers)
        return self._exit_code

    async def _keep(self, number: int) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec(*self._command(number), stdin=asyncio.subprocess.PIPE)
            self._running[number] = process
            if self._stop.is_set():  # while it was being started
                process.terminate()
            code = await process.wait()
            if self._stop.is_set():
                return
            log.warning("process_ended", process=number, exit_code=code)
            if code == BAD_INPUT:
                self._exit_code = code
                self._stop.set()
                return
            pause = FIRST_PAUSE if time.monotonic() - began > LASTING else min(2 * pause, LONGEST_PAUSE)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)

    async def _end(self) -> None:
        alive = [process for process in self._running.values() if process.returncode is None]
        for process in alive:
            with suppress(ProcessLookupError):
                process.terminate()
        try:
            async with asyncio.timeout(STOP_PATIENCE):
                await asyncio.gather(*(process.wait() for process in alive))
        except TimeoutError:
            for process in alive:
                with suppress(ProcessLookupError):
                    process.kill()


def end_with_parent() -> None:
    """In a process of several: be told to end when the parent has, of whatever. Call it within the event loop."""
    loop = asyncio.get_running_loop()
    os.set_blocking(sys.stdin.fileno(), False)

    def look() -> None:
        try:
            gone = not os.read(sys.stdin.fileno(), 1)
        except BlockingIOError:
            return
        if gone:
            loop.remove_reader(sys.stdin.fileno())
            signal.raise_signal(signal.SIGTERM)

    loop.add_reader(sys.stdin.fileno(), look)
