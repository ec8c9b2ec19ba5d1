"""The shell on a terminal: what it is made of."""

import asyncio
import contextlib
import importlib

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from cli.arguments import Choices
from cli.place import shell_folder
from cli.screen.program import Program
from cli.session import Session


def run_screen(choices: Choices) -> None:
    """The shell on this terminal. Raises SettingsError."""

    async def visit() -> None:
        folder = shell_folder()
        history: History = InMemoryHistory()
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            history = FileHistory(str(folder / "history"))
        async with contextlib.AsyncExitStack() as opened:

            async def connect() -> Session:
                # Imported once the screen is drawn: aiohttp and the settings take as long as all the rest
                opening = await asyncio.to_thread(importlib.import_module, "cli.opening")
                session: Session = await opened.enter_async_context(opening.open_session(choices))
                return session

            first = "user" if choices.user_id is None else f"user {choices.user_id}"
            await Program(connect, first, history=history).run(vi=choices.vi)

    asyncio.run(visit())
