"""The prompt-toolkit application: windows and keys. What is done, the program does."""

from collections.abc import Callable
from typing import Protocol

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer
from prompt_toolkit.filters import Condition, has_completions
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout import (
    BufferControl,
    CompletionsMenu,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.mouse_events import MouseEvent, MouseEventType
from prompt_toolkit.output import Output
from prompt_toolkit.widgets import SearchToolbar

from cli.command import Commands, Takes, split
from cli.layout import Line
from cli.screen import view
from cli.screen.looks import STYLE, colour_depth
from cli.screen.state import ScreenState, opens

_AROUND = 5  # lines that are not the page: tabs, two rules of air, sentence, input, status
_PAGE = 10
_MENU_LINES = 8


class Visit(Protocol):
    """What the keys act on."""

    state: ScreenState
    commands: Commands

    def submit(self, line: str) -> None: ...

    def cancel(self) -> bool: ...

    def leave(self) -> None: ...


def build(
    visit: Visit, completer: Completer, history: History, input_: Input | None, output: Output | None
) -> Application[None]:
    """The application, not yet running."""
    state = visit.state

    def accept(buffer: Buffer) -> bool:
        line = buffer.text
        if state.question is not None or _is_personal(line, visit.commands):
            buffer.reset()  # before it is taken into the history: names and addresses are not kept
        if line.strip() or state.question is not None:
            visit.submit(line)
        elif row := state.chosen:
            visit.submit(opens(row))
        return False

    buffer = Buffer(
        completer=completer,
        complete_while_typing=True,
        history=history,
        enable_history_search=False,
        accept_handler=accept,
        multiline=False,
    )
    search = SearchToolbar()
    application: Application[None] = Application(
        key_bindings=_keys(visit, buffer),
        style=STYLE,
        color_depth=colour_depth(),
        full_screen=True,
        mouse_support=True,
        erase_when_done=True,
        input=input_,
        output=output,
    )

    def size() -> tuple[int, int]:
        now = application.output.get_size()
        return now.columns, now.rows

    def one(line: Callable[[ScreenState, int], Line]) -> Window:
        def text() -> StyleAndTextTuples:
            return [*line(state, size()[0])]

        return Window(FormattedTextControl(text), height=1)

    def page() -> StyleAndTextTuples:
        width, height = size()
        fragments: StyleAndTextTuples = []
        for line, place in view.body(state, width, max(1, height - _AROUND)):
            handler = _mouse(visit, place)
            fragments += [(style, text, handler) for style, text in line]
            fragments.append(("", "\n", handler))
        return fragments

    def before() -> str:
        return f" {state.question.text}: " if state.question else " > "

    line = Window(
        BufferControl(
            buffer, input_processors=[BeforeInput(before, "class:prompt")], search_buffer_control=search.control
        ),
        height=Dimension(min=1, max=1),
        dont_extend_height=True,
    )
    root = FloatContainer(
        HSplit(
            [
                one(view.tabs),
                Window(height=1),
                Window(FormattedTextControl(page)),
                one(view.sentence),
                one(view.status),
                line,  # the last, so that completions stand above it and hide no status
                search,
            ]
        ),
        [Float(CompletionsMenu(max_height=_MENU_LINES, scroll_offset=1), xcursor=True, ycursor=True)],
    )
    application.layout = Layout(root, focused_element=line)
    return application


def _is_personal(line: str, commands: Commands) -> bool:
    words = split(line)
    command = commands.find(words[0]) if words else None
    return command is not None and command.takes is Takes.NAME_AND_EMAIL


def _mouse(visit: Visit, place: int | None) -> Callable[[MouseEvent], None]:
    state = visit.state

    def handle(event: MouseEvent) -> None:
        if event.event_type is MouseEventType.SCROLL_DOWN:
            state.move(1)
        elif event.event_type is MouseEventType.SCROLL_UP:
            state.move(-1)
        elif event.event_type is MouseEventType.MOUSE_UP and place is not None:
            is_second = place == state.selected
            state.move(place - state.selected)
            if is_second and (row := state.chosen):
                visit.submit(opens(row))

    return handle


def _keys(visit: Visit, buffer: Buffer) -> KeyBindings:
    keys = KeyBindings()
    state = visit.state
    is_typing = Condition(lambda: bool(buffer.text))
    lists = ~has_completions

    def selecting(key: str, by: int) -> None:
        @keys.add(key, filter=lists)
        def move(_event: KeyPressEvent) -> None:
            state.move(by)

    for key, by in (("up", -1), ("down", 1), ("pageup", -_PAGE), ("pagedown", _PAGE)):
        selecting(key, by)

    @keys.add("tab")
    def complete(_event: KeyPressEvent) -> None:
        if buffer.complete_state:
            buffer.complete_next()
        else:
            buffer.start_completion(select_first=True)

    @keys.add("s-tab", filter=has_completions)
    def complete_back(_event: KeyPressEvent) -> None:
        buffer.complete_previous()

    @keys.add("f2")
    def menu(_event: KeyPressEvent) -> None:
        visit.submit("menu")

    @keys.add("c-z", filter=~is_typing)
    def undo(_event: KeyPressEvent) -> None:
        visit.submit("undo")

    @keys.add("c-c")
    @keys.add("<sigint>")
    def cancel(_event: KeyPressEvent) -> None:
        was_typing = bool(buffer.text)
        buffer.reset()
        if visit.cancel() or was_typing:
            state.say("Cancelled.")
        else:
            state.say("Ctrl-D leaves.")

    @keys.add("c-d", filter=~is_typing)
    def leave(_event: KeyPressEvent) -> None:
        visit.leave()

    return keys
