"""The letters that wait: the topic of dead letters, folded by key, and a selection among them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dataflix.contracts import Contracts
from dataflix.dead_letters import Coordinates, DeadLetter, Resolution, read_message
from dataflix.errors import MalformedEvent
from dataflix.private_log import Record


@dataclass(frozen=True, slots=True)
class Entry:
    """A letter, and how it stands."""

    number: int  # offset in the topic of dead letters: what a person calls it by
    letter: DeadLetter
    table: str
    resolution: Resolution | None = None

    @property
    def coordinates(self) -> Coordinates:
        return self.letter.coordinates

    def age(self, now: datetime) -> timedelta:
        return now - self.letter.at


@dataclass(frozen=True, slots=True)
class Box:
    """Everything that the topic says."""

    entries: Sequence[Entry]  # of each event the newest letter, in the order of their numbers
    unreadable: int  # messages that are neither letter nor resolution

    @property
    def waiting(self) -> list[Entry]:
        """The letters that nobody is done with."""
        return [entry for entry in self.entries if entry.resolution is None]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the letters. What is empty or None does not narrow it."""

    numbers: frozenset[int] = frozenset()
    tables: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    older_than: timedelta | None = None
    newer_than: timedelta | None = None

    @property
    def everything(self) -> bool:
        """Nothing narrows it."""
        return self == Selection()

    def of(self, entries: Iterable[Entry], now: datetime) -> list[Entry]:
        """The entries that fit."""
        return [entry for entry in entries if self._fits(entry, entry.age(now))]

    def _fits(self, entry: Entry, age: timedelta) -> bool:
        return (
            (not self.numbers or entry.number in self.numbers)
            and (not self.tables or entry.table in self.tables)
            and (not self.kinds or entry.letter.kind in self.kinds)
            and (self.older_than is None or age >= self.older_than)
            and (self.newer_than is None or age < self.newer_than)
        )


def fold(records: Iterable[Record], contracts: Contracts) -> Box:
    """How things stand after ``records``, which come in the order of the topic."""
    tables = {table.private_topic: table.name for table in contracts}
    entries: dict[bytes, Entry] = {}
    unreadable = 0
    for record in records:
        try:
            message = read_message(record.value)
        except MalformedEvent:
            unreadable += 1
            continue
        if isinstance(message, DeadLetter):
            # A letter behind a resolution: the worker has read the event again, and it waits again.
            table = tables.get(message.topic, message.topic.rpartition(".")[2])
            entries.pop(message.key(), None)
            entries[message.key()] = Entry(record.offset, message, table)
        elif record.key in entries:  # the letter itself may have outlived its retention
            known = entries[record.key]
            entries[record.key] = Entry(known.number, known.letter, known.table, message)
    return Box(list(entries.values()), unreadable)
