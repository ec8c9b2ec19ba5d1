"""Writes that come at the same time are done together: what one of them costs is then shared.

Nothing waits for company. A write goes at once while few are under way, alone if it is alone; those that come while
many are go together as soon as one of them has ended.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

from dataflix.errors import SourceUnavailable

AT_ONCE = 2  # groups: while one is being made durable the next is on its way
LARGEST = 64  # writes of a group
MOST_WAITING = 1_000  # writes; more are refused at once

Given = TypeVar("Given")
Done = TypeVar("Done")


class NotTogether(Exception):
    """These cannot be done as one, and nothing of them was: each has to be tried by itself."""


class _Waiting(NamedTuple, Generic[Given, Done]):
    given: Given
    done: asyncio.Future[Done]


class Groups(Generic[Given, Done]):
    """Does what it is given, each with an answer or error of its own. One event loop.

    ``together`` does several as one or raises; for NotTogether each of them is done by ``alone``. Two things of equal
    ``whose`` are never in one group.
    """

    def __init__(
        self,
        together: Callable[[Sequence[Given]], Awaitable[Sequence[Done]]],
        alone: Callable[[Given], Awaitable[Done]],
        whose: Callable[[Given], Hashable],
        at_once: int = AT_ONCE,
    ) -> None:
        self._together = together
        self._alone = alone
        self._whose = whose
        self._at_once = at_once
        self._waiting: deque[_Waiting[Given, Done]] = deque()
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def do(self, given: Given) -> Done:
        """The answer to this one, when it is durable. Raises what doing it raises; SourceUnavailable for too many."""
        if len(self._waiting) >= MOST_WAITING:
            raise SourceUnavailable("More writes are waiting than can be done soon: try again.")
        done: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(given, done))
        self._begin()
        return await done

    def _begin(self) -> None:
        while self._under_way < self._at_once and (group := self._next()):
            self._under_way += 1
            self._start(self._do(group))

    def _next(self) -> list[_Waiting[Given, Done]]:
        """Those that may go together, as they came. What nobody waits for any more is not done."""
        group: dict[Hashable, _Waiting[Given, Done]] = {}
        later: list[_Waiting[Given, Done]] = []
        while self._waiting and len(group) < LARGEST:
            one = self._waiting.popleft()
            if one.done.cancelled():
                continue
            if group.setdefault(self._whose(one.given), one) is not one:
                later.append(one)
        self._waiting.extendleft(reversed(later))
        return list(group.values())

    async def _do(self, group: Sequence[_Waiting[Given, Done]]) -> None:
        try:
            answers = await self._together([one.given for one in group])
        except NotTogether:
            for one in group:
                self._start(self._do_alone(one))
        except Exception as error:  # whatever it is, whoever waits is told
            for one in group:
                _fail(one.done, error)
        else:
            for one, answer in zip(group, answers, strict=True):
                if not one.done.done():
                    one.done.set_result(answer)
        finally:
            self._under_way -= 1
            self._begin()

    async def _do_alone(self, one: _Waiting[Given, Done]) -> None:
        try:
            answer = await self._alone(one.given)
        except Exception as error:  # as above
            _fail(one.done, error)
        else:
            if not one.done.done():
                one.done.set_result(answer)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _fail(done: asyncio.Future[Done], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
