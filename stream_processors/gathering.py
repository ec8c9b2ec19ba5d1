"""Gathering what waits into batches: at once after a quiet moment, at most one batch for each gap when much comes."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import TypeVar

Item = TypeVar("Item")


async def gather(
    items: AsyncIterable[Item], *, gap_seconds: float, limit: int, size: Callable[[Item], int]
) -> AsyncIterator[list[Item]]:
    """Lists of items, in order, none of them empty.

    A list is handed out as soon as ``gap_seconds`` have passed since the one before, or as soon as the sizes of its
    items reach ``limit``. One item is asked for ahead.
    """
    source = aiter(items)

    async def fetch() -> Item:
        return await anext(source)

    upcoming = asyncio.ensure_future(fetch())
    opens = time.monotonic()
    try:
        ended = False
        while not ended:
            batch: list[Item] = []
            filled = 0
            while filled < limit:
                patience = max(0.0, opens - time.monotonic()) if batch else None
                done, _ = await asyncio.wait({upcoming}, timeout=patience)
                if not done:
                    break
                try:
                    item = upcoming.result()
                except StopAsyncIteration:
                    ended = True
                    break
                batch.append(item)
                filled += size(item)
                upcoming = asyncio.ensure_future(fetch())
            if batch:
                opens = time.monotonic() + gap_seconds
                yield batch
    finally:
        upcoming.cancel()
