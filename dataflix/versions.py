"""The version of a row: which of two changes of the same row is the newer one, whatever order they arrive in."""

from dataclasses import dataclass

_EPOCH_SHIFT = 56
_CHANGE_SHIFT = 63
_WORD = 64
MAX_EPOCH = (1 << (_WORD - _EPOCH_SHIFT)) - 1
MAX_COMMIT_LSN = (1 << _EPOCH_SHIFT) - 1
MAX_LSN = (1 << _CHANGE_SHIFT) - 1


@dataclass(frozen=True, slots=True, order=True)
class RowVersion:
    """Total order over all changes of one row, across snapshots and epochs.

    The position of a change alone is not commit order (a long transaction writes early and commits late), and all rows
    of a snapshot share one position. The commit comes first, and within it a streamed change beats a snapshot row:
    what a snapshot reads was committed before it, what the stream brings under the same commit came after.
    """

    epoch: int  # raised when changes were lost and everything is read again: positions may then start over
    commit_lsn: int  # bytes; the last commit that the stream had seen when it met this change, 0 for none
    is_change: bool  # True for a streamed change, False for a row that a snapshot read
    lsn: int  # bytes; position of the change itself

    def packed(self) -> int:
        """The same order as one unsigned number of 128 bits, the ``_version`` of raw tables and masked events.

        Raises ValueError when a part leaves its range, because the order would then break without a word.
        """
        return pack_version(self.epoch, self.commit_lsn, self.is_change, self.lsn)

    @classmethod
    def unpacked(cls, version: int) -> "RowVersion":
        """The inverse of `packed`."""
        high, low = version >> _WORD, version & ((1 << _WORD) - 1)
        return cls(high >> _EPOCH_SHIFT, high & MAX_COMMIT_LSN, bool(low >> _CHANGE_SHIFT), low & MAX_LSN)


def pack_version(epoch: int, commit_lsn: int, is_change: bool, lsn: int) -> int:
    """`RowVersion.packed` without the version itself: one is packed for every event."""
    if not (0 <= epoch <= MAX_EPOCH and 0 <= commit_lsn <= MAX_COMMIT_LSN and 0 <= lsn <= MAX_LSN):
        raise ValueError(f"epoch {epoch}, commit LSN {commit_lsn} or LSN {lsn} leaves the range of a row version")
    return ((epoch << _EPOCH_SHIFT | commit_lsn) << _WORD) | (is_change << _CHANGE_SHIFT) | lsn
