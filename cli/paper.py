"""Pages on paper: what a command shows without a screen. In colour on a terminal, else without control codes."""

import json
from typing import TYPE_CHECKING, TextIO

from cli.layout import Line
from cli.outcome import Outcome
from cli.page import Page

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {
    "title": "bold",
    "head": "dim",
    "dim": "dim",
    "accent": "cyan",
    "movie": "bold",
    "stars": "yellow",
    "up": "green",
    "new": "green",
    "down": "red",
}
_WIDE = 160  # columns where nobody knows how many there are


class Paper:
    """Writes outcomes to ``file``: as text, or each as a line of JSON."""

    def __init__(self, file: TextIO, *, as_json: bool) -> None:
        self._file = file
        self._as_json = as_json
        self._console: Console | None = None

    def write(self, outcome: Outcome) -> None:
        """The page, or the sentence where there is no page."""
        if self._as_json:
            data = outcome.page.data if outcome.page else {"said": outcome.said}
            print(json.dumps(data, ensure_ascii=False), file=self._file, flush=True)
            return
        if outcome.said:
            self._print([("", outcome.said)])
        if outcome.page:
            self._page(outcome.page)

    def _page(self, page: Page) -> None:
        width = self._width()
        self._print(page.heading(width))
        for line, _ in page.lines(width):
            self._print(line)

    def _width(self) -> int:
        return self._terminal().width if self._file.isatty() else _WIDE

    def _print(self, line: Line) -> None:
        if not self._file.isatty():
            print("".join(text for _, text in line).rstrip(), file=self._file, flush=True)
            return
        from rich.text import Text  # noqa: PLC0415 - a pipe does without

        self._terminal().print(Text.assemble(*((text, _STYLES.get(style, "")) for style, text in line)))

    def _terminal(self) -> "Console":
        if self._console is None:
            from rich.console import Console  # noqa: PLC0415 - a pipe does without

            self._console = Console(file=self._file, highlight=False, soft_wrap=True)
        return self._console
