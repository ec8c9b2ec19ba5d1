"""One page of the shell: what a command shows, on the screen and on paper alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cli.layout import Line, Piece, Row, Table, clip, spread


class Room(StrEnum):
    """Where in the shell a page belongs; the tabs of the screen."""

    FOR_YOU = "For you"
    MOVIES = "Movies"
    POPULAR = "Popular"
    RATINGS = "My ratings"
    WATCHED = "Watched"
    PEOPLE = "People"
    PIPELINE = "Pipeline"
    HELP = "Help"


@dataclass(frozen=True)
class Page:
    """A heading, then a table or free text. ``note`` stands at the end of the heading's line where there is room."""

    room: Room
    title: str
    note: tuple[Piece, ...] = ()
    table: Table | None = None
    text: Callable[[int], list[Line]] = lambda _width: []
    below: Callable[[int], list[Line]] = lambda _width: []
    data: Any = None  # the same for programs

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that can be chosen."""
        return tuple(row for row in self.table.rows if row.is_choosable) if self.table else ()

    def heading(self, width: int) -> Line:
        """The first line."""
        return spread([("title", self.title)], list(self.note), width)

    def lines(self, width: int) -> Iterator[tuple[Line, Row | None]]:
        """Everything below the heading, each line with the row that it shows."""
        for line in self.text(width):
            yield clip(line, width), None
        if self.table and self.table.rows:
            if any(column.title for column in self.table.columns):
                yield self.table.head(width), None
            for row in self.table.rows:
                yield self.table.line(row, width), row
        elif self.table:
            yield [("dim", self.table.empty)], None
        for line in self.below(width):
            yield clip(line, width), None
