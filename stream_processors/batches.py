"""From fetched change events to a batch: rows to insert, messages to publish, dead letters among them. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from dataflix import dead_letters
from dataflix.change_events import BrokenEnvelope, Operation, epoch_of
from dataflix.contracts import Contracts, Table
from dataflix.dead_letters import DeadLetter
from dataflix.errors import MalformedEvent
from dataflix.masking import key_id, mask_hash
from dataflix.preparation import MissingValue, Prepare, compile_prepare
from dataflix.values import UnfitValue
from stream_processors.batch_consumer import FetchedBatch
from stream_processors.patience import Patience


class Message(NamedTuple):
    """One message to publish. Without a value it is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None


@dataclass(slots=True)
class TableBatch:
    """What one batch holds of one table."""

    table: Table
    rows: list[bytes] = field(default_factory=list)  # masked events, each a line of JSONEachRow
    ranges: list[str] = field(default_factory=list)  # partition:first-last
    operations: Counter[Operation] = field(default_factory=Counter)
    committed_us: list[int] = field(default_factory=list)  # of streamed changes
    dead_letters: Counter[str] = field(default_factory=Counter)  # by kind
    unnamed: frozenset[str] = frozenset()
    doubtful_at: float | None = None  # seconds since 1970: the newest event that does not look like its contract

    def token(self, rules: str) -> str:
        """Equal for the same events under the same rules: ClickHouse drops an insert whose token it has seen."""
        return f"{rules}/{self.table.private_topic}/{','.join(self.ranges)}"


class Batch(NamedTuple):
    """Everything that has to be durable before the offsets of its events are committed."""

    tables: Sequence[TableBatch]
    messages: Sequence[Message]
    rules: str  # what its rows were made by: the version of the contracts and the id of the masking key


class BatchPreparer:
    """Turns fetched events into batches, remembering only how many dead letters came in a row."""

    def __init__(
        self,
        contracts: Contracts,
        *,
        masking_key: bytes,
        patience: Patience,
        clock: Callable[[], datetime],
    ) -> None:
        self._version = contracts.version
        self._rules = f"{contracts.version}/{key_id(masking_key)}"
        self._masking_key = masking_key
        self._patience = patience
        self._clock = clock
        self._plans: dict[str, tuple[Table, Prepare]] = {
            table.private_topic: (table, compile_prepare(table, masking_key)) for table in contracts
        }

    @property
    def topics(self) -> list[str]:
        """The private topics that it understands."""
        return list(self._plans)

    @property
    def tables(self) -> dict[str, str]:
        """The names of the tables by their private topics."""
        return {topic: table.name for topic, (table, _) in self._plans.items()}

    def prepare(self, fetched: Iterable[FetchedBatch]) -> Batch:
        """Raises TooManyDeadLetters; what is malformed otherwise becomes a dead letter."""
        tables: dict[str, TableBatch] = {}
        messages: list[Message] = []
        for batch in fetched:
            first, last = batch.records[0], batch.records[-1]
            table, prepare = self._plans[first.topic]
            part = tables.setdefault(first.topic, TableBatch(table))
            part.ranges.append(f"{first.partition}:{first.offset}-{last.offset}")
            self._add(part, prepare, batch.records, messages)
        return Batch(list(tables.values()), messages, self._rules)

    def joined(self, parts: Sequence[Batch]) -> Batch:
        """One batch of several, each of other tables."""
        tables = [table for part in parts for table in part.tables]
        return Batch(tables, [message for part in parts for message in part.messages], self._rules)

    def forgive(self, topic: str) -> None:
        """Forget the dead letters in a row of the table of ``topic``: what was prepared of it is not delivered."""
        self._patience.good(self._plans[topic][0].name)

    def _add(self, part: TableBatch, prepare: Prepare, records: Sequence[Any], messages: list[Message]) -> None:
        topic, name = part.table.masked_topic, part.table.name
        for record in records:
            if record.value is None:  # the tombstone after a delete says nothing new
                continue
            try:
                event = prepare(record.value, record.partition, record.offset, record.headers)
            except MalformedEvent as error:
                letter = self._letter(record, error)
                part.dead_letters[letter.kind] += 1
                messages.append(Message(dead_letters.TOPIC, letter.key(), letter.value()))
                if isinstance(error, MissingValue | UnfitValue):
                    part.doubtful_at = record.timestamp / 1_000
                self._patience.bad(name, letter.reason)
                continue
            self._patience.good(name)
            part.rows.append(event.value)
            part.operations[event.operation] += 1
            messages.append(Message(topic, event.key, event.value))
            if event.operation is Operation.DELETE:
                messages.append(Message(topic, event.key, None))
            if event.operation is not Operation.READ:
                part.committed_us.append(event.committed_us)
            if event.unnamed:
                part.unnamed |= event.unnamed
            if event.absent:
                part.doubtful_at = record.timestamp / 1_000

    def _letter(self, record: Any, error: MalformedEvent) -> DeadLetter:
        key = None if record.key is None else record.key.decode(errors="replace")
        return DeadLetter(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key_hash=mask_hash(key, self._masking_key),
            kind=type(error).__name__,
            reason=str(error),
            contract_version=self._version,
            epoch=_epoch_of(record),
            at=self._clock(),
        )


def _epoch_of(record: Any) -> int:
    try:
        return epoch_of(record.headers)
    except BrokenEnvelope:
        return 0
