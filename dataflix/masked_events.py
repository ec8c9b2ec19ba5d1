"""Masked events: what the topics ``masked.<table>`` carry, and the rows that ClickHouse's raw tables take.

One event for each change. The key of the message is the row's key as compact JSON; the value is flat compact JSON:
the contract's columns (masked where the contract says so), then the fields below. A deleted row carries its key
columns only, and is followed by a tombstone (a message without a value), so that compaction forgets the row.
Events can repeat and come late: a reader keeps the highest version for each key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from dataflix.contracts import Table
from dataflix.errors import MalformedEvent
from dataflix.values import JsonScalar

LARGEST_MESSAGE_BYTES = 16 << 20  # what the topics take: a text of 2 MB in which every character needs an escape fits

# Fields of a masked event beside the contract's columns.
VERSION = "_version"  # a RowVersion packed into 128 bits, as decimal digits: JSON numbers end at 53 or 64 bits
DELETED = "_deleted"
OPERATION = "_op"
COMMIT_LSN = "_commit_lsn"
TXID = "_txid"
COMMITTED_AT = "_committed_at"
TOPIC = "_topic"
PARTITION = "_partition"
OFFSET = "_offset"
KEY_ID = "_key_id"  # only where a column is hashed
MEANINGS: Mapping[str, str] = {
    VERSION: "Order over all changes of a row: the highest is the newest",
    DELETED: "1 when this change deleted the row, else 0",
    OPERATION: "What happened: r (snapshot), c (create), u (update) or d (delete)",
    COMMIT_LSN: "Position in the write-ahead log of the commit before this one; 0 for none",
    TXID: "Transaction at the source, where it is known",
    COMMITTED_AT: "When the change was committed at the source",
    TOPIC: "Private topic that carried the change",
    PARTITION: "Partition of that topic",
    OFFSET: "Offset in that partition",
    KEY_ID: "Which masking key made the hashes, `plain` for none; only where a column is hashed, and in no delete",
}


@dataclass(frozen=True, slots=True)
class MaskedEvent:
    """One change as its readers see it."""

    table: str
    key: tuple[JsonScalar, ...]  # values of the key columns, in the order of the contract
    row: Mapping[str, JsonScalar]  # contract columns; of a deleted row the key columns only
    version: int  # higher is newer, among events of the same key
    deleted: bool
    txid: int | None
    committed_at: datetime  # UTC


def read_masked_event(table: Table, value: bytes) -> MaskedEvent:
    """Read the value of one message of ``masked.<table>``. A tombstone has no value: skip it before.

    Raises MalformedEvent when the bytes are not a masked event of this table.
    """
    try:
        fields: dict[str, Any] = orjson.loads(value)
        return MaskedEvent(
            table=table.name,
            key=tuple(fields[name] for name in table.key),
            row={name: fields[name] for name in table.by_name if name in fields},
            version=int(fields[VERSION]),
            deleted=bool(fields[DELETED]),
            txid=fields[TXID],
            committed_at=datetime.fromisoformat(fields[COMMITTED_AT]),
        )
    except (ValueError, TypeError, LookupError) as error:
        raise MalformedEvent(
            f"A message of {table.masked_topic} is not a masked event ({type(error).__name__})."
        ) from None
