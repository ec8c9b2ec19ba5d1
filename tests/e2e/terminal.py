"""A person at a terminal: the shell in a pseudo-terminal, what it draws on a virtual screen."""

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pexpect
import pyte
from running_stack import COMMAND, patiently


class Terminal:
    """A person at a terminal."""

    def __init__(self, environment: Mapping[str, str], *arguments: str, columns: int = 100, rows: int = 30) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.screen)
        self.child = pexpect.spawn(
            sys.executable,
            [str(COMMAND), "shell", *arguments],
            env={**environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
            dimensions=(rows, columns),
            encoding="utf-8",
        )

    def type(self, keys: str) -> None:
        self.child.send(keys)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def pump(self, seconds: float) -> None:
        """Draw what comes, for as long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(pexpect.TIMEOUT):
                self._stream.feed(self.child.read_nonblocking(1 << 16, timeout=left))

    def sees(self, *wanted: str) -> str:
        """Wait until all of it stands on the screen; returns the screen."""
        for attempt in patiently(60):
            with attempt:
                try:
                    self._stream.feed(self.child.read_nonblocking(1 << 16, timeout=1))
                except pexpect.TIMEOUT:
                    pass
                except pexpect.EOF:
                    raise RuntimeError(f"The shell has ended:\n{self.text}") from None
                assert all(one in self.text for one in wanted), f"{wanted} not in\n{self.text}"
        return self.text


@contextmanager
def at_a_terminal(
    environment: Mapping[str, str], *arguments: str, columns: int = 100, rows: int = 30
) -> Iterator[Terminal]:
    opened = Terminal(environment, *arguments, columns=columns, rows=rows)
    try:
        yield opened
    finally:
        opened.child.close(force=True)
