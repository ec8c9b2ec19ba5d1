"""Sinks and publishers that have trouble."""

import asyncio
from collections.abc import Sequence

from dataflix.contracts import Table
from dataflix.errors import SourceUnavailable
from stream_processors.batches import Message
from stream_processors.event_publisher import MemoryPublisher
from stream_processors.raw_sink import MemorySink


class SinkAwayFor(MemorySink):
    """Refuses some inserts, after storing their rows: the acknowledgement is lost on its way."""

    def __init__(self, inserts: int) -> None:
        super().__init__()
        self._refusals = inserts
        self.tries = 0

    async def insert(self, table: Table, rows: Sequence[bytes], token: str) -> None:
        self.tries += 1
        await super().insert(table, rows, token)
        if self.tries <= self._refusals:
            raise SourceUnavailable("ClickHouse is away.")


class PublisherAwayFor(MemoryPublisher):
    """Refuses some publications."""

    def __init__(self, publications: int) -> None:
        super().__init__()
        self._refusals = publications
        self.tries = 0

    async def publish(self, messages: Sequence[Message]) -> None:
        self.tries += 1
        if self.tries <= self._refusals:
            raise SourceUnavailable("Kafka is away.")
        await super().publish(messages)


class GatedSink(MemorySink):
    """Stores nothing before its gate opens."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.knocked = asyncio.Event()

    async def insert(self, table: Table, rows: Sequence[bytes], token: str) -> None:
        self.knocked.set()
        await self.gate.wait()
        await super().insert(table, rows, token)


class BrokenSink(MemorySink):
    """Has a fault that no repetition mends."""

    async def insert(self, table: Table, rows: Sequence[bytes], token: str) -> None:
        raise ZeroDivisionError(f"{len(rows)} rows of {table.name} under {token}")
