"""What a load committed, change by change, and how that compares with what is found afterwards. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Row(NamedTuple):
    """One row of the source."""

    table: str
    key: int


class Change(NamedTuple):
    """One committed change. Every change of a load has a marker of its own, higher than those before it."""

    row: Row
    marker: int | None  # None: the row was deleted


Found = Mapping[Row, Sequence[int]]
"""The markers that a place shows for each row: one, where the place is in order."""


@dataclass(slots=True)
class Journal:
    """The changes whose commit PostgreSQL acknowledged, or, where its answer was lost, whose commit was found later."""

    changes: set[Change] = field(default_factory=set)
    newest: dict[Row, int | None] = field(default_factory=dict)
    unknown: int = 0  # changes whose answer was lost

    def committed(self, change: Change) -> None:
        """Changes of one row come in their order."""
        self.changes.add(change)
        self.newest[change.row] = change.marker

    @classmethod
    def merged(cls, journals: Iterable["Journal"]) -> "Journal":
        """One journal of several that share no row."""
        whole = cls()
        for journal in journals:
            whole.changes |= journal.changes
            whole.newest |= journal.newest
            whole.unknown += journal.unknown
        return whole


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong: nothing, when all three are 0."""

    lost: int  # changes that a place does not show: the row is absent, still there, or in an earlier state
    duplicated: int  # rows too many
    mismatched: int  # rows in a state that nobody committed

    @property
    def spotless(self) -> bool:
        return not (self.lost or self.duplicated or self.mismatched)


def judge(journal: Journal, tables: Iterable[Found], published: Iterable[Change]) -> Verdict:
    """Compare ``journal`` with the rows of each place, and with every change that the masked topics carried."""
    lost = journal.changes - set(published)
    duplicated = 0
    mismatched: set[Row] = set()
    for found in tables:
        duplicated += sum(len(markers) - 1 for markers in found.values())
        mismatched |= found.keys() - journal.newest.keys()
        for row, marker in journal.newest.items():
            markers = found.get(row, ())
            if marker is None:
                if markers:
                    lost.add(Change(row, marker))
            elif not markers or max(markers) < marker:
                lost.add(Change(row, marker))
            elif max(markers) > marker:
                mismatched.add(row)
    return Verdict(len(lost), duplicated, len(mismatched))
