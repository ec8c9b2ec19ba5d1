"""The loop of the worker: gather, prepare, deliver, acknowledge; the next batch is prepared while one is delivered."""

import asyncio
from collections.abc import AsyncIterable, Callable, Sequence
from typing import Protocol

from stream_processors.batch_consumer import FetchedBatch
from stream_processors.batches import Batch, BatchPreparer
from stream_processors.delivery import Delivery
from stream_processors.gathering import gather
from stream_processors.health import WorkerStatus

GAP_SECONDS = 0.05  # between two batches: low latency when it is quiet, few parts in ClickHouse when it is busy
BATCH_EVENTS = 10_000  # a batch that holds as many is not waited for any longer
DRAIN_SECONDS = 5.0


class Fetched(Protocol):
    """A Faust event whose message holds a fetched batch."""

    @property
    def batch(self) -> FetchedBatch: ...

    def acknowledge(self) -> None:
        """Let the offsets of the batch be committed."""


class Processing:
    """Everything between Faust's stream and the acknowledgement of its events."""

    def __init__(
        self,
        preparer: BatchPreparer,
        delivery: Delivery,
        status: WorkerStatus,
        *,
        is_current: Callable[[FetchedBatch], bool],
        give_up: Callable[[BaseException], None],
    ) -> None:
        """``give_up`` ends the process: whatever failed, what was not acknowledged is read again by the next one."""
        self._preparer = preparer
        self._delivery = delivery
        self._status = status
        self._is_current = is_current
        self._give_up = give_up
        self._draining = False
        self._pending: asyncio.Task[None] | None = None

    async def run(self, events: AsyncIterable[Fetched]) -> None:
        """Process events until the stream ends. Faust may cancel this while partitions move, and call it again."""
        try:
            async for fetched in gather(
                events, gap_seconds=GAP_SECONDS, limit=BATCH_EVENTS, size=lambda event: len(event.batch.records)
            ):
                current = [event for event in fetched if self._is_current(event.batch)]
                if self._draining or not current:
                    continue
                batch = self._preparer.prepare(event.batch for event in current)
                await self._settled()
                self._pending = asyncio.create_task(self._deliver(batch, current))
        except (asyncio.CancelledError, GeneratorExit):
            raise
        except BaseException as error:
            self._give_up(error)

    async def drain(self) -> None:
        """Take on nothing new, and wait for what is being delivered, but not longer than DRAIN_SECONDS."""
        self._draining = True
        if self._pending:
            await asyncio.wait({self._pending}, timeout=DRAIN_SECONDS)

    async def _settled(self) -> None:
        if self._pending:
            await asyncio.wait({self._pending})  # not awaited itself: a cancelled loop leaves its delivery alone

    async def _deliver(self, batch: Batch, events: Sequence[Fetched]) -> None:
        self._status.delivering()
        try:
            if await self._delivery.deliver(batch, lambda: all(self._is_current(event.batch) for event in events)):
                for event in events:
                    event.batch.delivered = True
                    event.acknowledge()
        except Exception as error:
            self._give_up(error)
        self._status.delivered()
