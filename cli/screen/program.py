"""The shell as a full-screen program: runs commands, shows their pages, and keeps them as the stream changes them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output

from cli.answers import User
from cli.command import Arguments, Commands
from cli.commands.recommendations import show_list
from cli.errors import BadCommand, Refused, Unreachable
from cli.outcome import Outcome, Then
from cli.page import Room
from cli.registry import COMMANDS
from cli.screen.application import build
from cli.screen.completion import ShellCompleter
from cli.screen.following import Follower
from cli.screen.state import ScreenState, choice_page
from cli.session import Session
from cli.views.menu import menu_page
from cli.views.recommendations import News
from dataflix.errors import DataflixError

Connect = Callable[[], Awaitable[Session]]

_PEOPLE = 100
_AGAIN_S = 1.0  # between two looks at the pipeline


class Program:
    """One visit on a screen. Work runs in the background, one command at a time: keys are never kept waiting."""

    def __init__(
        self, connect: Connect, first: str = "user", commands: Commands = COMMANDS, history: History | None = None
    ) -> None:
        """``connect`` opens the session once the screen is drawn; ``first`` is the first command of the visit."""
        self.commands = commands
        self.state = ScreenState()
        self.people: tuple[User, ...] = ()
        self._connect = connect
        self._session: Session | None = None
        self._opened = asyncio.Event()
        self._first = first
        self._then = Then.NOTHING
        self._keeps_pipeline = False  # one look after the other, however often the page was asked for
        self._shown = Arguments()  # what the list that is followed was asked with
        self._command: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._follower: Follower | None = None
        self._completer = ShellCompleter(
            commands,
            lambda: self._session.catalogue.titles if self._session else None,
            lambda: self.people,
            lambda: self.state.question is not None,
        )
        self._history = history or InMemoryHistory()
        self.application: Application[None] | None = None

    async def run(self, *, vi: bool = False, input_: Input | None = None, output: Output | None = None) -> None:
        """Until the person leaves. Raises what ``connect`` raises."""
        self.application = build(self, self._completer, self._history, input_, output)
        self.application.editing_mode = EditingMode.VI if vi else EditingMode.EMACS
        self.state.changed = self.application.invalidate
        try:
            await self.application.run_async(pre_run=self._begin)
        finally:
            if self._follower:
                self._follower.stop()
            for task in (*self._background, self._command):
                if task:
                    task.cancel()

    @property
    def history(self) -> list[str]:
        """What was typed and is kept."""
        return self._history.get_strings()

    @property
    def session(self) -> Session:
        """The session. Commands run, and the stream is followed, once there is one."""
        if self._session is None:
            raise RuntimeError("There is no session yet.")
        return self._session

    def _begin(self) -> None:
        self._start(self._open())
        self.submit(self._first)

    async def _open(self) -> None:
        try:
            session = self._session = await self._connect()
        except DataflixError as error:
            if self.application:
                self.application.exit(exception=error)
            return
        session.tell = self.state.say
        self._follower = Follower(session, self.state, self._list_moved, self._came_back)
        self._follower.follow()
        self._opened.set()
        await self._keep_at_hand()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _keep_at_hand(self) -> None:
        """What completion offers; without it there is less to offer, until the API is back."""
        with contextlib.suppress(Refused, Unreachable):
            await self.session.catalogue.load()
            self.people = (await self.session.api.users(0, _PEOPLE)).items

    def submit(self, line: str) -> None:
        """A line was entered: an answer to what was asked, or a command."""
        question = self.state.question
        if question is not None:
            self.state.ask(None)
            line = question.command(line.strip())
            if not line:
                self.state.say("Nothing has happened.")
                return
        if line.strip():
            self.cancel()
            self._command = asyncio.get_running_loop().create_task(self._run(line))

    def cancel(self) -> bool:
        """Stop what is being done or asked; whether there was anything."""
        was_asking = self.state.question is not None
        self.state.ask(None)
        if self._command and not self._command.done():
            self._command.cancel()
            self.state.busy = ""
            return True
        return was_asking

    async def _run(self, line: str) -> None:
        self.state.busy = "…"
        self.state.say("")
        await self._opened.wait()
        before = self.session.user
        try:
            invocation = self.commands.parse(line)
            self.state.busy = f"{invocation.command.name}…"
            outcome = await invocation.command.run(self.session, invocation.arguments)
        except (BadCommand, Refused) as error:
            self._fail(str(error))
            return
        except Unreachable as error:
            self._fail(str(error))
            self._give_back(line)
            return
        self.state.busy = ""
        await self._show(outcome, invocation.arguments)
        if self.session.user is not before:
            self.state.who = f"{self.session.user.name} #{self.session.user.user_id}" if self.session.user else ""
            if self._follower:
                self._follower.follow()

    def _give_back(self, line: str) -> None:
        """What could not be done stands in the line again, unless something else was typed meanwhile."""
        if self.application and line != self._first and not self.application.current_buffer.text:
            self.application.current_buffer.text = line
            self.application.current_buffer.cursor_position = len(line)

    def _fail(self, sentence: str) -> None:
        self.state.busy = ""
        self.state.say(sentence, error=True)

    async def _show(self, outcome: Outcome, given: Arguments) -> None:
        if outcome.then is Then.LEAVE:
            self.leave()
            return
        if outcome.keys and self.application:
            self.application.editing_mode = EditingMode.VI if outcome.keys == "vi" else EditingMode.EMACS
        page = outcome.page
        if outcome.choice:
            page = choice_page(outcome.choice)
        elif outcome.then is Then.OPEN_MENU:
            page = menu_page(self.commands)
        if page:
            self._then, self._shown = outcome.then, given
            self.state.show(page)
            if outcome.choice or outcome.then is Then.OPEN_MENU:
                self.state.move(1)
            if outcome.then is Then.FOLLOW_PIPELINE and not self._keeps_pipeline:
                self._start(self._keep_pipeline(given))
        self.state.say(outcome.said)
        self.state.ask(outcome.question)
        if outcome.question and self.application:
            self.application.current_buffer.text = outcome.question.proposal
            self.application.current_buffer.cursor_position = len(outcome.question.proposal)

    async def _keep_pipeline(self, given: Arguments) -> None:
        """Look again and again, as long as the page is that of the pipeline."""
        command = self.commands.find("pipeline")
        self._keeps_pipeline = True
        try:
            while command and self.state.page and self.state.page.room is Room.PIPELINE:
                await asyncio.sleep(_AGAIN_S)
                with contextlib.suppress(Refused, Unreachable):
                    outcome = await command.run(self.session, given)
                    if outcome.page and self.state.page.room is Room.PIPELINE:
                        self.state.show(outcome.page)
        finally:
            self._keeps_pipeline = False

    async def _list_moved(self, news: News) -> None:
        """The stream has brought another list: show it where it is looked at, with what moved."""
        if self._then is not Then.FOLLOW_LIST:
            return
        with contextlib.suppress(Refused, Unreachable):
            outcome = await show_list(self.session, self._shown, news)
            if self._then is Then.FOLLOW_LIST and outcome.page:
                self.state.model = self.session.shown.model_version if self.session.shown else None
                self.state.show(outcome.page)

    async def _came_back(self) -> None:
        self.state.say("The API is back.")
        self._start(self._keep_at_hand())
        if self.state.page is None:
            self.submit(self._first)

    def leave(self) -> None:
        """End the program."""
        if self.application and self.application.is_running and not self.application.is_done:
            self.application.exit()
