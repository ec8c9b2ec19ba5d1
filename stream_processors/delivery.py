"""Delivery of one batch: into the raw tables and onto the masked topics, side by side, until both are certain."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from dataflix.errors import SourceUnavailable
from stream_processors.batches import Batch, TableBatch
from stream_processors.event_publisher import EventPublisher
from stream_processors.instruments import Instruments
from stream_processors.raw_sink import RawSink

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Delivery:
    """Writes batches, and repeats what fails for as long as the batch is this worker's to write."""

    def __init__(self, sink: RawSink, publisher: EventPublisher, instruments: Instruments) -> None:
        self._sink = sink
        self._publisher = publisher
        self._instruments = instruments

    async def deliver(self, batch: Batch, still_ours: Callable[[], bool]) -> bool:
        """True when everything of the batch is durable.

        False when a try failed and the partitions have moved meanwhile: their new owner reads the batch again.
        """
        parts = [self._insert(part, batch.rules, still_ours) for part in batch.tables if part.rows]
        if batch.messages:
            parts.append(self._publish(batch, still_ours))
        if not all(await asyncio.gather(*parts)):
            return False
        self._instruments.delivered(batch)
        return True

    async def _insert(self, part: TableBatch, rules: str, still_ours: Callable[[], bool]) -> bool:
        token = part.token(rules)
        start = time.perf_counter()
        done = await self._until_done(
            f"raw.{part.table.name}", lambda: self._sink.insert(part.table, part.rows, token), still_ours
        )
        if done:
            self._instruments.inserted(part, time.perf_counter() - start)
        return done

    async def _publish(self, batch: Batch, still_ours: Callable[[], bool]) -> bool:
        start = time.perf_counter()
        done = await self._until_done("kafka", lambda: self._publisher.publish(batch.messages), still_ours)
        if done:
            self._instruments.published(time.perf_counter() - start)
        return done

    async def _until_done(
        self, target: str, deliver: Callable[[], Awaitable[None]], still_ours: Callable[[], bool]
    ) -> bool:
        def report(state: RetryCallState) -> None:
            self._instruments.failed_try(target)
            reason = state.outcome.exception() if state.outcome else None
            _log.warning("delivery_repeated", target=target, tries=state.attempt_number, reason=str(reason))

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(SourceUnavailable),
            wait=wait_exponential_jitter(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS),
            stop=lambda _state: not still_ours(),
            before_sleep=report,
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    await deliver()
        except SourceUnavailable as error:
            _log.warning("delivery_left_to_the_new_owner", target=target, reason=str(error))
            return False
        return True
