"""Commit tokens: what a write answers, so that a later read can ask whether that commit has come through the stream.

A token names the row, the transaction that wrote it, the epoch of the stream in which it did, and a position in the
write-ahead log between that write and its commit. With these, the newest known version of the row tells by itself
whether the commit has arrived: it is the one that this transaction wrote, or one that lies behind the position. Whoever
writes a row next waits for the lock on it, and so comes after the commit. A later epoch has begun with a snapshot that
was taken after the commit. Nothing has to be kept about tokens, which therefore never expire and work in every process
of the API, also after a restart.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import PlainValidator, WithJsonSchema

from dataflix.versions import MAX_COMMIT_LSN, RowVersion

HEADER = "Commit-Token"
WrittenTable = Literal["ratings", "watched_movies", "users"]

_TABLES: tuple[WrittenTable, ...] = get_args(WrittenTable)
_LAYOUT = struct.Struct(">BQIQ")  # number of the table, row, transaction, epoch and position
_LENGTH = _LAYOUT.size * 4 // 3
_EPOCH_SHIFT = 56  # above every position, as in the version of a row
_TXID_MASK = 2**32 - 1  # the stream tells the transaction without its epoch


@dataclass(frozen=True, slots=True)
class CommitToken:
    """One committed write of one row."""

    table: WrittenTable
    row_id: int
    txid: int  # its lower 32 bits
    position: int  # of the write-ahead log, in bytes: after the write, at or before its commit
    epoch: int = 0  # of the stream, when it was written

    @classmethod
    def of(cls, table: WrittenTable, row_id: int, full_txid: int, position: int, epoch: int = 0) -> "CommitToken":
        """The token of a write by the transaction ``full_txid``, of 64 bits as PostgreSQL has it.

        ``epoch`` is -1 before the first one has begun.
        """
        return cls(table, row_id, full_txid & _TXID_MASK, position, max(epoch, 0))

    def __str__(self) -> str:
        """How it travels: letters, digits, ``-`` and ``_``."""
        number = _TABLES.index(self.table) + 1
        place = self.epoch << _EPOCH_SHIFT | self.position
        return urlsafe_b64encode(_LAYOUT.pack(number, self.row_id, self.txid, place)).decode()

    @classmethod
    def read(cls, text: Any) -> "CommitToken":
        """The inverse of ``str``. Raises ValueError for anything else."""
        if not isinstance(text, str) or len(text) != _LENGTH or not text.isascii():
            raise ValueError("Should be the Commit-Token of a write")
        try:
            number, row_id, txid, place = _LAYOUT.unpack(urlsafe_b64decode(text))
            position, epoch = place & MAX_COMMIT_LSN, place >> _EPOCH_SHIFT
            token = cls(_TABLES[number - 1], row_id, txid, position, epoch)
        except (ValueError, struct.error, IndexError):
            raise ValueError("Should be the Commit-Token of a write") from None
        if str(token) != text:
            raise ValueError("Should be the Commit-Token of a write")
        return token

    def arrived_in(self, version: int, txid: int | None) -> bool:
        """Whether a row that is known in this version, written by that transaction, shows the commit or a later one."""
        if txid is not None and txid & _TXID_MASK == self.txid:
            return True
        known = RowVersion.unpacked(version)
        if known.epoch != self.epoch:
            return known.epoch > self.epoch  # positions of different epochs may be of different logs
        return (known.lsn if known.is_change else known.commit_lsn) > self.position


After = Annotated[
    CommitToken,
    PlainValidator(CommitToken.read),
    WithJsonSchema({"type": "string", "pattern": f"^[A-Za-z0-9_-]{{{_LENGTH}}}$"}),
]
