"""When a batch ends."""

import asyncio
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from stream_processors.gathering import gather


async def waiting_in(queue: "asyncio.Queue[int | None]") -> AsyncIterator[int]:
    while (item := await queue.get()) is not None:
        yield item


def gathering(
    queue: "asyncio.Queue[int | None]", *, gap_seconds: float = 0.2, limit: int = 100
) -> AsyncIterator[list[int]]:
    return gather(waiting_in(queue), gap_seconds=gap_seconds, limit=limit, size=lambda item: item)


async def test_the_first_item_after_a_quiet_moment_is_handed_out_at_once() -> None:
    queue: asyncio.Queue[int | None] = asyncio.Queue()
    batches = gathering(queue, gap_seconds=30)
    queue.put_nowait(1)
    assert await asyncio.wait_for(anext(batches), timeout=60) == [1]


async def test_what_comes_within_the_gap_is_one_batch() -> None:
    queue: asyncio.Queue[int | None] = asyncio.Queue()
    batches = gathering(queue, gap_seconds=30)
    queue.put_nowait(1)
    await anext(batches)
    upcoming = asyncio.ensure_future(anext(batches))
    queue.put_nowait(2)
    early, _ = await asyncio.wait({upcoming}, timeout=0.05)
    assert not early
    for item in (3, None):
        queue.put_nowait(item)
    assert await asyncio.wait_for(upcoming, timeout=60) == [2, 3]


async def test_a_full_batch_does_not_wait_for_the_gap() -> None:
    queue: asyncio.Queue[int | None] = asyncio.Queue()
    batches = gathering(queue, gap_seconds=30, limit=100)
    for item in (1, 60, 50, 7):
        queue.put_nowait(item)
    assert await asyncio.wait_for(anext(batches), timeout=60) == [1, 60, 50]


async def test_what_waits_after_the_gap_is_taken_without_waiting_for_more() -> None:
    queue: asyncio.Queue[int | None] = asyncio.Queue()
    batches = gathering(queue, gap_seconds=0.01)
    queue.put_nowait(1)
    await anext(batches)
    await asyncio.sleep(0.02)
    queue.put_nowait(2)
    assert await asyncio.wait_for(anext(batches), timeout=60) == [2]


@given(st.lists(st.integers(0, 100), max_size=30), st.integers(1, 200))
def test_every_item_is_in_one_batch_in_its_order_and_no_batch_overflows(items: list[int], limit: int) -> None:
    async def gathered() -> list[list[int]]:
        queue: asyncio.Queue[int | None] = asyncio.Queue()
        for item in [*items, None]:
            queue.put_nowait(item)
        return [batch async for batch in gathering(queue, gap_seconds=0.01, limit=limit)]

    batches = asyncio.run(gathered())
    assert [item for batch in batches for item in batch] == items
    assert all(batch for batch in batches)
    assert all(sum(batch[:-1]) < limit for batch in batches)
