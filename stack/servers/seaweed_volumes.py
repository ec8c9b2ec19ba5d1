"""SeaweedFS after a kill: ``python -m stack.servers.seaweed_volumes DATA COMMAND...`` mends its volumes and starts it.

A write appends a needle to a volume's ``.dat``, then an entry to its ``.idx``, then it is acknowledged. A process that
is killed in between leaves a needle that nothing names at the end of ``.dat``; SeaweedFS then takes the whole volume
for read-only, and space that is deleted on it never comes back. The unnamed tail was never acknowledged: it is cut.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

# Layout of the files (version 3, offsets of five bytes)
_UNIT = 8
_ENTRY = 17
_HEADER = 16
_CHECKSUM_AND_TIME = 12


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """Where a needle stands in the volume; a deletion is a needle without a body."""

    key: int
    offset: int
    """Bytes from the start of the ``.dat``."""
    body: int
    """Bytes."""

    @classmethod
    def parse(cls, raw: bytes) -> "IndexEntry":
        """Read one entry of an ``.idx``."""
        units = int.from_bytes(raw[8:12], "big") | raw[12] << 32
        size = int.from_bytes(raw[13:17], "big", signed=True)
        return cls(int.from_bytes(raw[:8], "big"), units * _UNIT, max(size, 0))

    @property
    def end(self) -> int:
        """Bytes from the start of the ``.dat`` to the next needle: each is padded, by a whole unit at most."""
        unpadded = _HEADER + self.body + _CHECKSUM_AND_TIME
        return self.offset + unpadded + _UNIT - unpadded % _UNIT


def last_entry(index: Path) -> IndexEntry | None:
    """The entry that reaches furthest; None for an index that is empty or torn, which is not ours to judge."""
    raw = index.read_bytes()
    if not raw or len(raw) % _ENTRY:
        return None
    entries = (IndexEntry.parse(raw[start : start + _ENTRY]) for start in range(0, len(raw), _ENTRY))
    return max(entries, key=lambda entry: entry.end)


def cut_unnamed_tail(volume: Path) -> int:
    """Cut what no index entry of ``volume`` (a ``.dat``) names behind its last needle; the number of bytes cut.

    Nothing is cut unless that needle is where the index says: then the files are not what this code takes them for.
    """
    index = volume.with_suffix(".idx")
    last = last_entry(index) if index.is_file() else None
    if last is None or volume.stat().st_size <= last.end:
        return 0
    with volume.open("r+b") as file:
        file.seek(last.offset)
        header = file.read(_HEADER)
        if int.from_bytes(header[4:12], "big") != last.key or int.from_bytes(header[12:16], "big") != last.body:
            return 0
        tail = volume.stat().st_size - last.end
        file.truncate(last.end)
    # The sorted index of a read-only volume, which this one no longer is
    volume.with_suffix(".sdx").unlink(missing_ok=True)
    return tail


def main(data: Path, command: list[str]) -> None:
    """Mend the volumes below ``data`` and become ``command``."""
    for volume in sorted(data.glob("*.dat")):
        cut = cut_unnamed_tail(volume)
        if cut:
            print(f"Cut {cut} bytes behind the last needle of {volume.name}: a write that was never acknowledged.")
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
