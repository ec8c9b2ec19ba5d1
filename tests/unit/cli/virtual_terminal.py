"""The shell on a virtual terminal: keys go in by a pipe, what is drawn stands on pyte's screen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import StringIO

import pyte
from memory_api import MemoryApi
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from cli.catalogue import Catalogue
from cli.screen.program import Program
from cli.session import Session

PATIENCE_S = 60.0


class _Drawn(StringIO):
    """What is written is drawn, and told."""

    def __init__(self, stream: pyte.Stream, drawn: asyncio.Event) -> None:
        super().__init__()
        self._stream = stream
        self._drawn = drawn

    def write(self, text: str) -> int:
        self._stream.feed(text)
        self._drawn.set()
        return len(text)


class VirtualTerminal:
    """A terminal of a size, that a person types on and looks at."""

    def __init__(self, columns: int, rows: int, keys: PipeInput) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.size = Size(rows, columns)
        self._keys = keys
        self._drawn = asyncio.Event()
        self.output = Vt100_Output(
            _Drawn(pyte.Stream(self.screen), self._drawn), lambda: self.size, term="xterm-256color", enable_cpr=False
        )

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def resize(self, columns: int, rows: int) -> None:
        self.size = Size(rows, columns)
        self.screen.resize(rows, columns)

    async def type(self, text: str) -> None:
        self._keys.send_text(text)
        await asyncio.sleep(0)

    async def sees(self, *wanted: str) -> str:
        """Wait until all of it stands there; returns the screen."""
        return await self.until(lambda text: all(one in text for one in wanted), f"to see {wanted}")

    async def until(self, holds: Callable[[str], bool], what: str) -> str:
        async def look() -> None:
            while not holds(self.text):
                self._drawn.clear()
                await self._drawn.wait()

        try:
            await asyncio.wait_for(look(), PATIENCE_S)
        except TimeoutError:
            raise AssertionError(f"Waited {what}, but saw:\n{self.text}") from None
        return self.text


@asynccontextmanager
async def visiting(
    api: MemoryApi, first: str = "user 1", columns: int = 90, rows: int = 24
) -> AsyncIterator[tuple[VirtualTerminal, Program]]:
    """The program at work; it must still work at the end, or have been left."""
    with create_pipe_input() as keys:
        terminal = VirtualTerminal(columns, rows, keys)

        async def connect() -> Session:
            return Session(api, Catalogue(api))

        program = Program(connect, first)
        running = asyncio.get_running_loop().create_task(program.run(input_=keys, output=terminal.output))
        try:
            yield terminal, program
        finally:
            program.leave()
            await asyncio.wait_for(running, PATIENCE_S)
