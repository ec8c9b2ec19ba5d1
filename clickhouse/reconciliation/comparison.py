"""Two streams of canonical rows in the order of the key, merged and compared. Pure, in bounded memory."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

import orjson

from clickhouse.reconciliation.canonical import Block, Row, key_reader
from dataflix.contracts import Table

KNOWN_AT_MOST = 5_000  # rows of a table that differ


class Kind(StrEnum):
    """How a row differs."""

    MISSING = "missing in raw"
    EXTRA = "not in the source"
    CHANGED = "another value"


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs: its key, and the columns by name. Never a value: values may be personal."""

    key: dict[str, int | str]
    kind: Kind
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of one table. ``differences`` names the first of ``differing`` rows.

    Without checksums, rows moved while they were read, and those that differed were looked at again.
    """

    source_rows: int
    raw_rows: int
    source_checksum: str | None  # 32 hex characters over all values
    raw_checksum: str | None
    differing: int
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        return not self.differing

    @property
    def is_complete(self) -> bool:
        """Whether ``differences`` names every row that differs."""
        return self.differing == len(self.differences)

    def after(self, again: "Comparison") -> "Comparison":
        """What is known once ``again`` has compared the rows that differed here. The others have been equal."""
        missing, extra = (sum(one.kind is kind for one in self.differences) for kind in (Kind.MISSING, Kind.EXTRA))
        return replace(
            again,
            source_rows=self.source_rows - (self.differing - extra) + again.source_rows,
            raw_rows=self.raw_rows - (self.differing - missing) + again.raw_rows,
            source_checksum=None,
            raw_checksum=None,
        )


def compare(
    table: Table, source: Iterable[Block], raw: Iterable[Block], known_at_most: int = KNOWN_AT_MOST
) -> Comparison:
    """Merge both sides, each in the order of the key, and say what differs."""
    left, right = _Side(), _Side()
    differing = 0
    named: list[Difference] = []
    for difference in _differences(table, left.rows(source), right.rows(raw)):
        differing += 1
        if len(named) < known_at_most:
            named.append(difference)
    return Comparison(left.count, right.count, left.checksum, right.checksum, differing, tuple(named))


@dataclass(slots=True)
class _Side:
    """Counts and digests the rows that pass."""

    count: int = 0
    digest: "hashlib.blake2b" = field(default_factory=lambda: hashlib.blake2b(digest_size=16))

    def rows(self, blocks: Iterable[Block]) -> Iterator[Row]:
        for block in blocks:
            if block:
                self.count += len(block)
                # "[row,row]" without its brackets and with a comma: where blocks end makes no difference
                self.digest.update(orjson.dumps(block)[1:-1])
                self.digest.update(b",")
                yield from block

    @property
    def checksum(self) -> str:
        return self.digest.hexdigest()


def _differences(table: Table, source: Iterator[Row], raw: Iterator[Row]) -> Iterator[Difference]:
    key_of = key_reader(table)
    there, here = next(source, None), next(raw, None)
    while there is not None or here is not None:
        if there == here:
            there, here = next(source, None), next(raw, None)
        elif there is not None and (here is None or key_of(there) < key_of(here)):
            yield _difference(table, there, Kind.MISSING)
            there = next(source, None)
        elif here is not None and (there is None or key_of(here) < key_of(there)):
            yield _difference(table, here, Kind.EXTRA)
            here = next(raw, None)
        elif there is not None and here is not None:
            changed = (column.name for column, a, b in zip(table.columns, there, here, strict=True) if a != b)
            yield _difference(table, there, Kind.CHANGED, tuple(changed))
            there, here = next(source, None), next(raw, None)


def _difference(table: Table, row: Row, kind: Kind, columns: tuple[str, ...] = ()) -> Difference:
    values = zip(table.key, key_reader(table)(row), strict=True)
    return Difference({name: value if isinstance(value, int) else str(value) for name, value in values}, kind, columns)
