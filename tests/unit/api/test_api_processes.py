"""Several processes as one: what ends is started again, what is told to end ends with all of them."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed

from api.peers import ALONE, Peers
from api.processes import Processes, held
from dataflix.settings import Address

# Says that it has begun, then waits for the end of its parent or for a signal
_LASTS = "import os, sys; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); sys.stdin.read()"


def patiently() -> AsyncRetrying:
    return AsyncRetrying(stop=stop_after_delay(60), wait=wait_fixed(0.05), reraise=True)


class Begun:
    """The processes that have begun, by number, the newest last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def command(self, number: int) -> tuple[str, ...]:
        return sys.executable, "-c", _LASTS, str(self._folder / str(number))

    def of(self, number: int) -> list[int]:
        file = self._folder / str(number)
        return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


async def test_a_process_that_was_killed_is_started_again_and_all_end_together(tmp_path: Path) -> None:
    begun = Begun(tmp_path)
    running = asyncio.create_task(Processes(begun.command, 2).run())
    async for attempt in patiently():
        with attempt:
            assert [len(begun.of(number)) for number in (1, 2)] == [1, 1]
    os.kill(begun.of(2)[0], signal.SIGKILL)
    async for attempt in patiently():
        with attempt:
            assert len(begun.of(2)) == 2
    signal.raise_signal(signal.SIGTERM)
    assert await asyncio.wait_for(running, 60) == 0
    assert len(begun.of(1)) == 1
    for process in (begun.of(1)[0], begun.of(2)[1]):
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


async def test_bad_input_ends_all_of_them_and_is_not_tried_again(tmp_path: Path) -> None:
    begun = Begun(tmp_path)

    def command(number: int) -> tuple[str, ...]:
        return begun.command(1) if number == 1 else (sys.executable, "-c", "raise SystemExit(2)")

    assert await asyncio.wait_for(Processes(command, 2).run(), 60) == 2


def test_a_port_that_somebody_listens_on_is_refused_and_ours_may_be_shared() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = Address("127.0.0.1", other.getsockname()[1])
        with pytest.raises(OSError, match="in use"), held(address):
            pytest.fail("It was held.")
    with held(address), socket.socket() as ours, socket.socket() as strange:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ours.bind((address.host, address.port))
        with pytest.raises(OSError, match="in use"):
            strange.bind((address.host, address.port))


async def test_peers_tell_each_other_what_they_measured_and_who_is_not_there(tmp_path: Path) -> None:
    one, two = Peers(1, 3, tmp_path), Peers(2, 3, tmp_path)
    async with one.telling(lambda: b"1", lambda: True), two.telling(lambda: b"2", lambda: False):
        assert await one.ask("/metrics") == {2: b"2", 3: None}
        assert await two.ask("/metrics") == {1: b"1", 3: None}
        assert (await one.ask("/ready"))[2] is None
        assert (await two.ask("/ready"))[1] is not None
    assert await one.ask("/metrics") == {2: None, 3: None}
    assert await ALONE.ask("/metrics") == {}
