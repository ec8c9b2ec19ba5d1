"""What a person sees of a long command: the step that runs now, and a line for each step that is done."""

from types import TracebackType
from typing import Self

from rich.console import Console


class Steps:
    """A spinner with the current step, above it the lines of the finished ones."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner = console.status("Starting")

    def __enter__(self) -> Self:
        self._spinner.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._spinner.stop()

    def begin(self, step: str) -> None:
        """Show what runs now."""
        self._spinner.update(step)

    def done(self, line: str) -> None:
        """Leave a line that stays."""
        self._console.print(line, markup=False)
