"""Pieces of Markdown."""

from collections.abc import Iterable, Sequence


def code(text: str) -> str:
    """Words of a program."""
    return f"`{text}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, a row a line. A ``|`` or a new line in a cell stays in the cell."""
    return "\n".join(_line(cells) for cells in (head, ["---"] * len(head), *rows))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
