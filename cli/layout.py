"""Styled text, and tables that fit into the width there is. Pure: a line is a list of pieces, each a style and a text.

Widths are columns of the terminal: a wide character or an emoji takes two, a combining one takes none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wcwidth import wcswidth, wcwidth

Piece = tuple[str, str]  # style class, text
Line = list[Piece]

GAP = 2  # columns between two columns of a table
ELLIPSIS = "…"


def printable(text: str) -> str:
    """The text without control characters: what comes from elsewhere must not steer a terminal."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def width_of(text: str) -> int:
    """Columns that the text takes."""
    if text.isascii():
        return len(text)
    width: int = wcswidth(text)
    return width if width >= 0 else sum(max(0, wcwidth(char)) for char in text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly ``width`` columns: cut with an ellipsis, or filled with spaces."""
    taken = width_of(text)
    if taken > width:
        text, taken = _cut(text, width)
    filling = " " * (width - taken)
    return filling + text if right else text + filling


def _cut(text: str, width: int) -> tuple[str, int]:
    """As much of the text as there is room for, an ellipsis included, and its width."""
    if width <= 0:
        return "", 0
    end = min(len(text), width)  # no character that begins a cell is narrower than a column
    while end and width_of(text[:end]) > width - 1:
        end -= 1
    kept = text[:end] + ELLIPSIS
    return kept, width_of(kept)


def line_width(line: Line) -> int:
    """Columns that the line takes."""
    return sum(width_of(text) for _, text in line)


def clip(line: Line, width: int) -> Line:
    """The line, cut with an ellipsis where it is too long."""
    if line_width(line) <= width:
        return line
    clipped: Line = []
    for style, text in line:
        left = width - line_width(clipped)
        if width_of(text) >= left:
            clipped.append((style, _cut(text, left)[0] if left > 0 else ""))
            break
        clipped.append((style, text))
    return clipped


def spread(left: Line, right: Line, width: int) -> Line:
    """One line with something at each end; what is right gives way where both do not fit."""
    room = width - line_width(left) - line_width(right)
    return [*left, ("", " " * room), *right] if room >= GAP else clip(left, width)


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` columns, broken between words, long words broken where they must."""
    lines: list[str] = []
    line = ""
    for one in text.split():
        word = one
        candidate = f"{line} {word}" if line else word
        if width_of(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        while width_of(word) > width > 1:
            head = _cut(word, width)[0].removesuffix(ELLIPSIS)
            if not head:
                break
            lines.append(head)
            word = word[len(head) :]
        line = word
    return [*lines, line] if line or not lines else lines


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. ``importance`` 0 always stays; of the others the highest go first where room is short."""

    title: str
    style: str = ""
    right: bool = False
    importance: int = 0
    grows: bool = False  # shares what room is left
    least: int = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, with a style of its own where it has one."""

    text: str
    style: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells, and the command that opens it where it can be chosen."""

    cells: tuple[Cell, ...]
    movie_id: int | None = None
    command: str = ""

    @property
    def is_choosable(self) -> bool:
        return self.movie_id is not None or bool(self.command)


@dataclass(frozen=True)
class Table:
    """Columns and rows."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str = "Nothing here yet."
    _widths: dict[int, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)

    def head(self, width: int) -> Line:
        """The titles of the columns."""
        return self._line([Cell(column.title, "head") for column in self.columns], width)

    def line(self, row: Row, width: int) -> Line:
        """One row in exactly ``width`` columns."""
        return self._line(row.cells, width)

    def _line(self, cells: Sequence[Cell], width: int) -> Line:
        line: Line = []
        for column, cell, taken in zip(self.columns, cells, self.widths(width), strict=True):
            if not taken:
                continue
            if line:
                line.append(("", " " * GAP))
            style = column.style if cell.style is None else cell.style
            line.append((style, fit(printable(cell.text), taken, right=column.right)))
        filled = line_width(line)
        return [*line, ("", " " * (width - filled))] if filled < width else clip(line, width)

    def widths(self, width: int) -> tuple[int, ...]:
        """Columns of the terminal for each column of the table; 0 for what is left out."""
        if width not in self._widths:
            self._widths[width] = _widths(self, width)
        return self._widths[width]


def _widths(table: Table, width: int) -> tuple[int, ...]:
    wanted = [
        max([width_of(column.title), *(width_of(printable(row.cells[at].text)) for row in table.rows)])
        for at, column in enumerate(table.columns)
    ]
    shown = {at for at, one in enumerate(wanted) if one}
    while True:
        widths = _shared(table.columns, wanted, shown, width)
        leavable = [at for at in shown if table.columns[at].importance]
        if widths is not None or not leavable:
            break
        shown.discard(max(leavable, key=lambda at: table.columns[at].importance))
    if widths is None:  # narrower than any of it: the first columns, as far as they go
        widths = tuple(wanted[at] if at in shown else 0 for at in range(len(wanted)))
    return widths


def _shared(
    columns: Sequence[Column], wanted: Sequence[int], shown: Iterable[int], width: int
) -> tuple[int, ...] | None:
    """What each gets when those that grow share what the others leave; None when that is less than they need."""
    shown = sorted(shown)
    room = width - GAP * (len(shown) - 1)
    growing = [at for at in shown if columns[at].grows]
    room -= sum(wanted[at] for at in shown if not columns[at].grows)
    if room < sum(min(wanted[at], columns[at].least) for at in growing):
        return None
    widths = [wanted[at] if at in shown else 0 for at in range(len(columns))]
    for place, at in enumerate(sorted(growing, key=lambda one: wanted[one])):
        widths[at] = min(wanted[at], room // (len(growing) - place))
        room -= widths[at]
    return tuple(widths)
