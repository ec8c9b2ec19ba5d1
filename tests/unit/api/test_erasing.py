"""When the command that finishes erasures is started."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from api import erasing as module
from api.app import running
from api.erasing import Erasing, finish_erasures
from dataflix.errors import SourceUnavailable


@dataclass
class Requests:
    """Erasures that wait, and what came of each look and each run."""

    waiting: int = 0
    away: bool = False
    fails: int = 0
    runs: int = 0
    looks: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def any_waiting(self) -> bool:
        self.looks += 1
        self.changed.set()
        if self.away:
            raise SourceUnavailable("away")
        return self.waiting > 0

    async def finish(self) -> bool:
        self.runs += 1
        self.fails -= 1
        if self.fails < 0:
            self.waiting = 0
        self.changed.set()
        return self.fails < 0

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def at_work(requests: Requests, look_every: float) -> AsyncIterator[Erasing]:
    erasing = Erasing(requests.any_waiting, requests.finish, look_every)
    async with running(erasing.run(), "erasing"):
        yield erasing


async def test_what_an_earlier_life_left_is_finished_at_the_start() -> None:
    requests = Requests(waiting=2)
    async with at_work(requests, look_every=60):
        await requests.until(lambda: requests.runs == 1)


async def test_a_request_is_taken_up_at_once() -> None:
    requests = Requests()
    async with at_work(requests, look_every=60) as erasing:
        await requests.until(lambda: requests.looks == 1)
        requests.waiting = 1
        erasing.requested()
        await requests.until(lambda: requests.runs == 1)


async def test_nothing_is_started_while_nobody_waits() -> None:
    requests = Requests()
    async with at_work(requests, look_every=0.001):
        await requests.until(lambda: requests.looks >= 3)
    assert requests.runs == 0


async def test_what_fails_is_tried_again() -> None:
    requests = Requests(waiting=1, fails=3)
    async with at_work(requests, look_every=0.001):
        await requests.until(lambda: requests.waiting == 0)
    assert requests.runs == 4


async def test_a_source_that_is_away_is_asked_again() -> None:
    requests = Requests(waiting=1, away=True)
    async with at_work(requests, look_every=0.001):
        await requests.until(lambda: requests.looks >= 2)
        requests.away = False
        await requests.until(lambda: requests.runs == 1)


@pytest.mark.parametrize(("code", "finished"), [(0, True), (1, False)])
async def test_the_exit_code_says_whether_the_erasures_are_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, finished: bool
) -> None:
    monkeypatch.setattr(module, "COMMAND", ("-c", f"import sys; sys.exit({code})"))
    assert sys.executable
    assert await finish_erasures(tmp_path) is finished
