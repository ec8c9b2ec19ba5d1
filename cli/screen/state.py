"""What the screen shows. Pure: the program changes it, the view draws it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cli.layout import Cell, Column, Row, Table
from cli.outcome import Choice, Question
from cli.page import Page, Room

TABS = (Room.FOR_YOU, Room.MOVIES, Room.POPULAR, Room.RATINGS, Room.WATCHED, Room.PEOPLE, Room.PIPELINE, Room.HELP)


class Link(StrEnum):
    """How the connection to the API stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    AWAY = "away"


@dataclass
class ScreenState:
    """Page, selection, the sentence below it, what is asked, and what the status bar says."""

    page: Page | None = None
    selected: int = -1
    said: str = ""
    is_error: bool = False
    busy: str = ""
    question: Question | None = None
    link: Link = Link.CONNECTING
    lag: int | None = None
    who: str = ""
    model: str | None = None
    changed: Callable[[], None] = field(default=lambda: None)

    def show(self, page: Page) -> None:
        """Another page; the same one made anew keeps what was selected."""
        kept = self.chosen if self.page and self.page.room is page.room and self.page.title == page.title else None
        self.page = page
        rows = page.rows
        self.selected = next((at for at, row in enumerate(rows) if kept and _same(row, kept)), -1)
        self.changed()

    def say(self, sentence: str, *, error: bool = False) -> None:
        """A sentence below the page."""
        self.said, self.is_error = sentence, error
        self.changed()

    def ask(self, question: Question | None) -> None:
        """Ask for something, or stop asking."""
        self.question = question
        self.changed()

    def move(self, by: int) -> None:
        """Select another row; above the first there is none."""
        rows = self.page.rows if self.page else ()
        self.selected = max(-1, min(len(rows) - 1, self.selected + by))
        self.changed()

    @property
    def chosen(self) -> Row | None:
        """The row that is selected."""
        rows = self.page.rows if self.page else ()
        return rows[self.selected] if 0 <= self.selected < len(rows) else None


def choice_page(choice: Choice) -> Page:
    """What may be meant, to choose from."""
    rows = tuple(Row((Cell(label),), command=command) for label, command in choice.options)
    return Page(Room.MOVIES, choice.question, (("dim", "↑ ↓ and Enter"),), Table((Column("", "movie"),), rows))


def opens(row: Row) -> str:
    """The command that a row stands for."""
    return row.command or f"movie #{row.movie_id}"


def _same(one: Row, other: Row) -> bool:
    return opens(one) == opens(other)
