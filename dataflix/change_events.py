"""Change events: Debezium's envelope as the private topics ``cdc.<schema>.<table>`` carry it, typed."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from dataflix.errors import MalformedEvent
from dataflix.versions import RowVersion, pack_version

EPOCH_HEADER = "epoch"  # of every message of a private topic; the header holds digits

Headers = Iterable[tuple[str, bytes]]


class Operation(StrEnum):
    """What happened to a row, in Debezium's letters."""

    READ = "r"  # a snapshot read it
    CREATE = "c"
    UPDATE = "u"
    DELETE = "d"


class UnreadableEvent(MalformedEvent):
    """Bytes that are not JSON."""


class BrokenEnvelope(MalformedEvent):
    """JSON that is not Debezium's envelope."""


class UnknownOperation(MalformedEvent):
    """An operation that says nothing about a single row, such as a truncate."""


class Change(NamedTuple):
    """One change of one row. A tuple, because one is made for every event."""

    operation: Operation
    row: Mapping[str, Any]  # after the change; of a delete before it, where only the key columns are to be trusted
    source: str  # schema.table
    commit_lsn: int  # bytes; the last commit before this change in the stream, 0 for none
    lsn: int  # bytes; position of the change, 0 for a row of an incremental snapshot, which has none
    txid: int | None
    committed_us: int  # microseconds since 1970: the commit, or the moment of the snapshot

    def version(self, epoch: int) -> RowVersion:
        """``epoch`` is the one that the message tells, see `epoch_of`."""
        return RowVersion(epoch, self.commit_lsn, self.operation is not Operation.READ, self.lsn)

    def packed_version(self, epoch: int) -> int:
        """`version`, packed. Raises ValueError when a position leaves its range."""
        return pack_version(epoch, self.commit_lsn, self.operation is not Operation.READ, self.lsn)


_OPERATIONS = {str(operation): operation for operation in Operation}


def parse_change(value: bytes) -> Change:
    """Read one message of a private topic; a tombstone has no value: skip it before.

    Raises UnreadableEvent, BrokenEnvelope or UnknownOperation, naming fields and types, never values.
    """
    try:
        envelope = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise UnreadableEvent(f"The event is not JSON ({len(value)} bytes).") from None
    source = _field(envelope, "source", dict)
    operation = _OPERATIONS.get(_field(envelope, "op", str))
    if operation is None:
        raise UnknownOperation("The field op is none of " + ", ".join(_OPERATIONS) + ".")
    return Change(
        operation=operation,
        row=_field(envelope, "before" if operation is Operation.DELETE else "after", dict),
        source=f"{_field(source, 'schema', str)}.{_field(source, 'table', str)}",
        commit_lsn=_commit_lsn(_field(source, "sequence", str)),
        lsn=_lsn(source, operation),
        txid=_txid(source),
        committed_us=_field(source, "ts_us", int),
    )


def epoch_of(headers: Headers) -> int:
    """The epoch that a message of a private topic was written in, 0 where no header tells it.

    Raises BrokenEnvelope.
    """
    for name, value in headers:
        if name == EPOCH_HEADER:
            if not value.isdigit():
                raise BrokenEnvelope("The header epoch is not a number.")
            return int(value)
    return 0


def _field(fields: Any, name: str, kind: type) -> Any:
    value = fields.get(name) if type(fields) is dict else None
    if type(value) is not kind:
        raise BrokenEnvelope(f"The field {name} is {type(value).__name__} where {kind.__name__} is due.")
    return value


def _lsn(source: dict[str, Any], operation: Operation) -> int:
    if operation is Operation.READ and source.get("lsn") is None:
        return 0
    return int(_field(source, "lsn", int))


def _txid(source: dict[str, Any]) -> int | None:
    if source.get("txId") is None:
        return None
    txid = int(_field(source, "txId", int))
    if txid < 0:
        raise BrokenEnvelope("The field txId is negative.")
    return txid


def _commit_lsn(sequence: str) -> int:
    """``sequence`` is itself JSON: the last commit and the change, as digits in strings or null."""
    try:
        positions = orjson.loads(sequence)
        last_commit = positions[0] if type(positions) is list else ""
        return 0 if last_commit is None else int(last_commit, base=10)  # with a base, only of text
    except (ValueError, TypeError, LookupError):
        raise BrokenEnvelope("The field sequence is not a list of two positions.") from None
