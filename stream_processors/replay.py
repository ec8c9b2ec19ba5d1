"""Replay of dead letters: their events once more through the worker's preparation and delivery.

The version of an event decides which row wins in raw, so a replay may come as late as it likes. The masked topic needs
more care, because compaction keeps the last message of a key, not its highest version: a replayed change is published
only where raw knows no newer one, and whatever newer change the worker may have published meanwhile is published again
behind it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TypeVar

import orjson

from dataflix import dead_letters, masked_events
from dataflix.contracts import Contracts, Table
from dataflix.dead_letters import Coordinates, DeadLetter, read_message
from dataflix.errors import SourceUnavailable
from dataflix.masked_events import read_masked_event
from dataflix.private_log import PrivateLog, Record, read_at
from dataflix.values import JsonScalar
from stream_processors.batch_consumer import FetchedBatch
from stream_processors.batches import Batch, BatchPreparer, Message
from stream_processors.raw_sink import RawSink

AT_ONCE = 500  # letters that are read, inserted and published together

Deliver = Callable[[Batch], Awaitable[bool]]
Item = TypeVar("Item")


class Outcome(StrEnum):
    """What became of a letter that was to be replayed."""

    REPLAYED = "replayed"
    REFUSED = "refused"  # it still cannot be processed
    EXPIRED = "expired"  # its event is gone from the private topic


@dataclass(frozen=True, slots=True)
class Replayed:
    """The outcome for one letter; ``reason`` is a sentence, empty where there is nothing to say."""

    coordinates: Coordinates
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Event:
    """A prepared event: where it stands, which row it is of, and its messages, a tombstone among them."""

    coordinates: Coordinates
    table: Table
    key: tuple[JsonScalar, ...]
    version: int
    messages: tuple[Message, ...]

    @property
    def row(self) -> tuple[str, bytes]:
        """Equal for the events of one row."""
        return self.messages[0].topic, self.messages[0].key


@dataclass(frozen=True, slots=True)
class _Prepared:
    batch: Batch
    events: Sequence[_Event]
    refused: dict[Coordinates, str]


class OwnTokens:
    """A sink whose insert tokens are no worker's: equal to one, ClickHouse would take a replay for a repetition."""

    def __init__(self, sink: RawSink, run: str) -> None:
        """``run`` names this replay: within it, repeated inserts are stored once."""
        self._sink = sink
        self._run = run

    async def insert(self, table: Table, rows: Sequence[bytes], token: str) -> None:
        await self._sink.insert(table, rows, f"replay {self._run} {token}")

    async def newest_version(self, table: Table, key: Sequence[JsonScalar]) -> int:
        return await self._sink.newest_version(table, key)


class Replay:
    """Replays letters. Nothing of it knows how the letters are marked afterwards."""

    def __init__(
        self,
        contracts: Contracts,
        preparer: BatchPreparer,
        log: PrivateLog,
        sink: RawSink,
        deliver: Deliver,
    ) -> None:
        """``preparer`` is like the worker's, with patience without end.

        ``deliver`` is the worker's, over ``sink``; it returns False when it has run out of patience.
        """
        self._tables = {table.private_topic: table for table in contracts}
        self._preparer = preparer
        self._log = log
        self._sink = sink
        self._deliver = deliver

    async def run(self, letters: Iterable[DeadLetter]) -> AsyncIterator[list[Replayed]]:
        """One outcome for each letter, some at a time, once their events are durable. Raises SourceUnavailable."""
        for some in _portions(sorted(letter.coordinates for letter in letters)):
            yield await self._replay(some)

    async def _replay(self, letters: Sequence[Coordinates]) -> list[Replayed]:
        known = [at for at in letters if at.topic in self._tables]
        records = read_at(self._log, known)
        prepared = self._prepare(records.values())
        stale = await self._write(prepared)
        return [self._outcome(at, records, prepared.refused, stale) for at in letters]

    def _outcome(
        self,
        at: Coordinates,
        records: dict[Coordinates, Record],
        refused: dict[Coordinates, str],
        stale: frozenset[Coordinates],
    ) -> Replayed:
        if at.topic not in self._tables:
            return Replayed(at, Outcome.REFUSED, f"No contract names the table of the topic {at.topic}.")
        if at not in records:
            return Replayed(at, Outcome.EXPIRED, "The private topic does not hold the event any more.")
        if at in refused:
            return Replayed(at, Outcome.REFUSED, refused[at])
        return Replayed(at, Outcome.REPLAYED, "A newer change of the row stays in force." if at in stale else "")

    def _prepare(self, records: Iterable[Record]) -> _Prepared:
        batch = self._preparer.prepare(FetchedBatch([record], assignment=0) for record in records)
        events: list[_Event] = []
        refused: dict[Coordinates, str] = {}
        for message in batch.messages:
            if message.topic == dead_letters.TOPIC:
                if isinstance(letter := read_message(message.value), DeadLetter):
                    refused[letter.coordinates] = letter.reason
            elif message.value is None:  # the tombstone behind a delete
                last = events.pop()
                both = (*last.messages, message)
                events.append(_Event(last.coordinates, last.table, last.key, last.version, both))
            else:
                events.append(self._event(message, message.value))
        return _Prepared(batch, events, refused)

    def _event(self, message: Message, value: bytes) -> _Event:
        origin = orjson.loads(value)
        at = Coordinates(origin[masked_events.TOPIC], origin[masked_events.PARTITION], origin[masked_events.OFFSET])
        table = self._tables[at.topic]
        masked = read_masked_event(table, value)
        return _Event(at, table, masked.key, masked.version, (message,))

    async def _write(self, prepared: _Prepared) -> frozenset[Coordinates]:
        """Make the events durable; those that a newer change of their row has overtaken."""
        partitions = {event.coordinates[:2] for event in prepared.events}
        # Everything before these offsets is in raw, so what raw does not know of lies behind them.
        seen = {partition: self._log.acknowledged(*partition) for partition in partitions}
        await self._must(prepared.batch._replace(messages=[]))
        stale = [
            event
            for event in prepared.events
            if await self._sink.newest_version(event.table, event.key) > event.version
        ]
        newest = {event.row: event for event in prepared.events if event not in stale}
        while newest:
            await self._publish(newest.values())
            newest = self._overtaking(newest, seen)
        return frozenset(event.coordinates for event in stale)

    def _overtaking(
        self, published: dict[tuple[str, bytes], _Event], seen: dict[tuple[str, int], int]
    ) -> dict[tuple[str, bytes], _Event]:
        """Newer events of the rows of ``published`` that came since ``seen``, which moves on to now."""
        newest: dict[tuple[str, bytes], _Event] = {}
        for partition, first in seen.items():
            seen[partition] = self._log.span(*partition).stop
            for some in _portions(self._log.read(*partition, range(first, seen[partition]))):
                for event in self._prepare(some).events:
                    best = newest.get(event.row) or published.get(event.row)
                    if best and event.version > best.version:
                        newest[event.row] = event
        return newest

    async def _publish(self, events: Iterable[_Event]) -> None:
        await self._must(Batch([], [message for event in events for message in event.messages], ""))

    async def _must(self, batch: Batch) -> None:
        if not await self._deliver(batch):
            raise SourceUnavailable(
                "ClickHouse or Kafka did not take the replayed events in time; the letters are kept. "
                "See `bin/dataflix status`, then replay again."
            )


def _portions(items: Iterable[Item]) -> Iterator[list[Item]]:
    left = iter(items)
    while some := list(islice(left, AT_ONCE)):
        yield some
