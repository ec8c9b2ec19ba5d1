"""What a person sees while something takes its time: a spinner and seconds on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_WIDE = 200


def output() -> Console:
    """Where a command's result goes. In a file or a pipe lines are as long as they are."""
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)


class Steps:
    """Steps that run one after another or side by side, each shown from beginning to end."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._lock = threading.Lock()
        self._bar: Progress | None = None

    @contextmanager
    def shown(self) -> Iterator["Steps"]:
        """Show steps while the block runs."""
        if not self._console.is_terminal:
            yield self
            return
        columns = (TextColumn(" "), SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as self._bar:
            yield self
        self._bar = None

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Show one step, and how long it took; a failed one stands as failed."""
        started = time.monotonic()
        bar = self._bar
        task = bar.add_task(what, total=None) if bar else None
        if bar is None:
            self.say(f"  … {what}")
        failed = True
        try:
            yield
            failed = False
        finally:
            if bar is not None and task is not None:
                bar.remove_task(task)
                bar.refresh()
            mark = "[red]✗[/red]" if failed else "[green]✓[/green]"
            self._print(f"  {mark} {what} [dim]({time.monotonic() - started:.1f} s)[/dim]")

    def say(self, text: str) -> None:
        """A line by itself."""
        self._print(text)

    def _print(self, text: str) -> None:
        with self._lock:
            self._console.print(text)
            sys.stderr.flush()
