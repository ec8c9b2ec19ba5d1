"""Writes that come together are done together, and each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import groups
from api.groups import LARGEST, Groups, NotTogether
from dataflix.errors import SourceUnavailable


class Refused(Exception):
    """What one of them fails by."""


class Work:
    """Doubles numbers, waits for leave to end, and refuses odd ones: a group that holds one is refused as a whole."""

    def __init__(self, at_once: int = 1) -> None:
        self.groups: list[list[int]] = []
        self.alone: list[int] = []
        self.began, self.leave = asyncio.Event(), asyncio.Event()
        self.doing = Groups(self._together, self._alone, lambda number: number // 10, at_once)

    async def _together(self, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        self.began.set()
        await self.leave.wait()
        if any(number % 2 for number in numbers):
            raise NotTogether
        return [2 * number for number in numbers]

    async def _alone(self, number: int) -> int:
        self.alone.append(number)
        if number % 2:
            raise Refused
        return 2 * number


def doing(work: Work, *numbers: int) -> list[asyncio.Task[int]]:
    return [asyncio.create_task(work.doing.do(number)) for number in numbers]


async def test_one_alone_waits_for_nobody() -> None:
    work = Work()
    work.leave.set()
    assert await work.doing.do(4) == 8
    assert work.groups == [[4]]


async def test_those_that_come_while_one_is_under_way_go_together() -> None:
    work = Work()
    tasks = doing(work, 10, 20, 30, 40)
    await work.began.wait()
    work.leave.set()
    assert await asyncio.gather(*tasks) == [20, 40, 60, 80]
    assert work.groups == [[10], [20, 30, 40]]


async def test_a_group_has_one_of_each_and_the_others_keep_their_order() -> None:
    work = Work()
    tasks = doing(work, 90, 10, 12, 20, 14, 22)
    await work.began.wait()
    work.leave.set()
    await asyncio.gather(*tasks)
    assert work.groups == [[90], [10, 20], [12, 22], [14]]


async def test_a_group_has_an_end() -> None:
    work = Work()
    tasks = doing(work, 0, *range(10, 10 * LARGEST + 30, 10))
    await work.began.wait()
    work.leave.set()
    await asyncio.gather(*tasks)
    assert [len(group) for group in work.groups] == [1, LARGEST, 2]


@given(st.lists(st.integers(0, 99), max_size=40), st.integers(1, 3))
async def test_each_gets_its_own_answer_or_error(numbers: list[int], at_once: int) -> None:
    work = Work(at_once)
    tasks = doing(work, *numbers)
    work.leave.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [one if isinstance(one, int) else type(one) for one in outcomes] == [
        Refused if number % 2 else 2 * number for number in numbers
    ]
    assert sorted(number for group in work.groups for number in group) == sorted(numbers)
    assert sorted(work.alone) == sorted(n for group in work.groups if any(one % 2 for one in group) for n in group)


async def test_what_fails_for_all_is_told_to_all_and_does_not_stop_the_next() -> None:
    calls = 0

    async def together(numbers: Sequence[int]) -> Sequence[int]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise SourceUnavailable("PostgreSQL is away.")
        return numbers

    async def alone(number: int) -> int:
        raise AssertionError("whether it was done is not known: it must not be done again")

    group = Groups(together, alone, lambda number: number, at_once=1)
    first, second = await asyncio.gather(group.do(1), group.do(2), return_exceptions=True)
    assert isinstance(first, SourceUnavailable)
    assert second == 2


async def test_who_has_gone_is_not_written_for() -> None:
    work = Work()
    first, gone, last = doing(work, 10, 20, 30)
    await work.began.wait()
    gone.cancel()
    await asyncio.wait([gone])
    work.leave.set()
    assert await asyncio.gather(first, last) == [20, 60]
    assert work.groups == [[10], [30]]


async def test_one_too_many_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_WAITING", 2)
    work = Work()
    tasks = doing(work, 10, 20, 30)
    await work.began.wait()
    with pytest.raises(SourceUnavailable):
        await work.doing.do(40)
    work.leave.set()
    assert await asyncio.gather(*tasks) == [20, 40, 60]
