"""The loop of the worker: gather, prepare, deliver, acknowledge; the next batch is prepared while one is delivered."""

import asyncio
from collections.abc import AsyncIterable, Callable, Sequence
from itertools import groupby

from stream_processors.batch_consumer import FetchedBatch
from stream_processors.batches import Batch, BatchPreparer
from stream_processors.delivery import Delivery
from stream_processors.gathering import gather
from stream_processors.health import WorkerStatus
from stream_processors.patience import TooManyDeadLetters
from stream_processors.pausing import ASK_SECONDS, Fetched, Pauses

GAP_SECONDS = 0.05  # between two batches: low latency when it is quiet, few parts in ClickHouse when it is busy
BATCH_BYTES = 4 << 20  # of events: a batch that holds as much is not waited for any longer. Two are in memory
DRAIN_SECONDS = 5.0


class Processing:
    """Everything between Faust's stream and the acknowledgement of its events."""

    def __init__(
        self,
        preparer: BatchPreparer,
        delivery: Delivery,
        pauses: Pauses,
        status: WorkerStatus,
        *,
        is_current: Callable[[FetchedBatch], bool],
        give_up: Callable[[BaseException], None],
    ) -> None:
        """``give_up`` ends the process: whatever failed, what was not acknowledged is read again by the next one."""
        self._preparer = preparer
        self._delivery = delivery
        self._pauses = pauses
        self._status = status
        self._is_current = is_current
        self._give_up = give_up
        self._draining = False
        self._turn = asyncio.Lock()  # what was held goes before what came after it
        self._pending: asyncio.Task[None] | None = None

    async def run(self, events: AsyncIterable[Fetched]) -> None:
        """Process events until the stream ends. Faust may cancel this while partitions move, and call it again."""
        try:
            async for fetched in gather(
                events, gap_seconds=GAP_SECONDS, limit=BATCH_BYTES, size=lambda event: event.batch.size
            ):
                await self._process(fetched)
        except (asyncio.CancelledError, GeneratorExit):
            raise
        except BaseException as error:
            self._give_up(error)

    async def ask_for_the_structure(self) -> None:
        """Ask for the structure of the source, and process what was held if it may go on."""
        await self._pauses.ask()
        if self._pauses.holds:
            await self._process(())

    async def watch_the_structure(self) -> None:
        """Ask for the structure of the source again and again."""
        try:
            while True:
                await self.ask_for_the_structure()
                await asyncio.sleep(ASK_SECONDS)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._give_up(error)

    async def _process(self, fetched: Sequence[Fetched]) -> None:
        async with self._turn:
            current = self._pauses.sort_out(event for event in fetched if self._is_current(event.batch))
            if self._draining or not current:
                return
            events, batch = self._prepare(current)
            for event in events:  # they may be acknowledged much later
                event.batch.let_go()
            await self._settled()
            if events:
                self._pending = asyncio.create_task(self._deliver(batch, events))

    def _prepare(self, events: Sequence[Fetched]) -> tuple[list[Fetched], Batch]:
        """Table by table: one whose events look as if the source had changed is held, and the others go on."""
        taken: list[Fetched] = []
        parts: list[Batch] = []
        for topic, group in groupby(sorted(events, key=_topic), key=_topic):  # sorting keeps the order within a topic
            own = list(group)
            try:
                part = self._preparer.prepare(event.batch for event in own)
            except TooManyDeadLetters:
                newest = max(record.timestamp for event in own for record in event.batch.records)
                if not self._pauses.doubt(topic, newest / 1_000, own):
                    raise
                self._preparer.forgive(topic)
                continue
            doubtful_at = part.tables[0].doubtful_at
            if doubtful_at is not None and self._pauses.doubt(topic, doubtful_at, own):
                self._preparer.forgive(topic)
                continue
            taken += own
            parts.append(part)
        return taken, self._preparer.joined(parts)

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


def _topic(event: Fetched) -> str:
    return str(event.batch.records[0].topic)
