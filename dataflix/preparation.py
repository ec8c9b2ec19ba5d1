"""From the bytes of a change event to the bytes of its masked event: the path that every event takes.

What a contract says is compiled once for each table, so that an event costs about 20 microseconds.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import orjson

from dataflix import masked_events
from dataflix.change_events import Change, Headers, Operation, epoch_of, parse_change
from dataflix.contracts import Column, Table
from dataflix.errors import MalformedEvent
from dataflix.masking import Mask, key_id, mask_for
from dataflix.values import UNFIT, Decode, JsonScalar, decode_of, iso_timestamp, refusal


class MissingValue(MalformedEvent):
    """A column without a value where its contract wants one."""


class ForeignTable(MalformedEvent):
    """An event of another table than its topic's."""


class UnorderableChange(MalformedEvent):
    """A change whose position or time lies outside of what a row version or a timestamp holds."""


class OversizedEvent(MalformedEvent):
    """A change whose masked event is larger than what its topic takes."""


class Prepared(NamedTuple):
    """A masked event ready to insert and to publish."""

    key: bytes  # compact JSON of the key columns
    value: bytes  # one line of JSONEachRow
    operation: Operation
    committed_us: int  # microseconds since 1970
    unnamed: frozenset[str]  # source columns that no contract names: left out here, to be reported
    absent: frozenset[str]  # contract columns that the event does not have, though it is no deletion; null here


class Prepare(Protocol):
    """From a message of a private topic to its masked event."""

    def __call__(self, value: bytes, partition: int, offset: int, headers: Headers = ()) -> Prepared:
        """Pure. Raises MalformedEvent, naming fields and types, never values."""


_NONE: frozenset[str] = frozenset()
_LARGEST_BYTES = masked_events.LARGEST_MESSAGE_BYTES - (64 << 10)  # of key and value; the rest is Kafka's framing


class _Field(NamedTuple):
    column: Column
    name: str
    nullable: bool
    decode: Decode
    mask: Mask | None


def compile_prepare(table: Table, masking_key: bytes) -> Prepare:
    """The function for the messages of the table's private topic."""
    columns = [_compile(column, masking_key) for column in table.columns]
    keys = [_compile(column, masking_key) for column in table.key_columns]
    key_names, names = table.key, frozenset(table.by_name)
    topic, source = table.private_topic, table.source
    hashed_under = key_id(masking_key) if table.is_hashed else None

    def prepare(value: bytes, partition: int, offset: int, headers: Headers = ()) -> Prepared:
        change = parse_change(value)
        if change.source != source:
            raise ForeignTable(f"The event is not of the table {source}.")
        deleted = change.operation is Operation.DELETE
        # Debezium fills the other columns of a deleted row with defaults that were never in the table.
        row = _row(keys if deleted else columns, change.row)
        key = orjson.dumps({name: row[name] for name in key_names})
        version, committed_at = _position(change, epoch_of(headers))
        row[masked_events.VERSION] = version
        row[masked_events.DELETED] = int(deleted)
        row[masked_events.OPERATION] = change.operation
        row[masked_events.COMMIT_LSN] = change.commit_lsn
        row[masked_events.TXID] = change.txid
        row[masked_events.COMMITTED_AT] = committed_at
        row[masked_events.TOPIC] = topic
        row[masked_events.PARTITION] = partition
        row[masked_events.OFFSET] = offset
        if hashed_under is not None and not deleted:
            row[masked_events.KEY_ID] = hashed_under
        unnamed = absent = _NONE
        if change.row.keys() != names:
            unnamed = frozenset(change.row) - names
            absent = _NONE if deleted else names - change.row.keys()
        event = orjson.dumps(row)
        if len(key) + len(event) > _LARGEST_BYTES:
            # Kafka would refuse it again and again, and what comes after it would wait for ever.
            raise OversizedEvent(f"The masked event takes more than the {_LARGEST_BYTES} bytes that a message holds.")
        return Prepared(key, event, change.operation, change.committed_us, unnamed, absent)

    return prepare


def _compile(column: Column, masking_key: bytes) -> _Field:
    return _Field(column, column.name, column.nullable, decode_of(column.type), mask_for(column.mask, masking_key))


def _row(fields: list[_Field], source: Mapping[str, Any]) -> dict[str, JsonScalar]:
    row: dict[str, JsonScalar] = {}
    try:
        for column, name, nullable, decode, mask in fields:  # noqa: B007 - the last one is told of below
            value: Any = source.get(name)
            if value is not None:
                value = decode(value)
                row[name] = mask(value) if mask else value
            elif nullable:
                # An event from before the column came to the contract has none.
                row[name] = None
            else:
                raise MissingValue(f"The column {name} has no value, and its contract wants one.")
    except UNFIT:
        raise refusal(column, value) from None
    return row


def _position(change: Change, epoch: int) -> tuple[str, str]:
    """Version and time of the commit, as a masked event spells them."""
    try:
        return str(change.packed_version(epoch)), iso_timestamp(change.committed_us)
    except (ValueError, OverflowError):
        raise UnorderableChange("The epoch, or the field sequence, lsn or ts_us, lies outside of its range.") from None
