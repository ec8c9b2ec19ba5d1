"""From the state of the screen to lines of a width. Pure."""

from cli.layout import Line, clip, line_width, spread
from cli.page import Room
from cli.screen.state import TABS, Link, ScreenState

_LINKS = {
    Link.LIVE: ("class:live", "● live"),
    Link.CONNECTING: ("class:away", "○ connecting"),
    Link.AWAY: ("class:away", "○ API away, trying again"),
}
_MARGIN = 1


def styled(line: Line, *, selected: bool = False) -> Line:
    """Pieces in prompt-toolkit's terms."""
    extra = " class:selected" if selected else ""
    return [((f"class:{style}" if style else "") + extra, text) for style, text in line]


def tabs(state: ScreenState, width: int) -> Line:
    """The rooms of the shell, the present one marked; only that one where there is no room for all."""
    present = state.page.room if state.page else None
    line: Line = [("class:brand", " Dataflix ")]
    for room in TABS:
        line += [("", " "), ("class:tab.present" if room is present else "class:tab", f" {room.value} ")]
    if line_width(line) <= width:
        return line
    return clip([("class:brand", " Dataflix "), ("", " "), ("class:tab.present", f" {present or Room.HELP} ")], width)


def body(state: ScreenState, width: int, height: int) -> list[tuple[Line, int | None]]:
    """The page in at most ``height`` lines, the selected row among them; each with the place of its row."""
    if state.page is None:
        return [([("class:dim", " " + (state.busy or "One moment…"))], None)]
    inner = max(1, width - 2 * _MARGIN)
    lines: list[tuple[Line, int | None]] = [([("", " "), *styled(state.page.heading(inner))], None), ([], None)]
    at = place = 0
    for line, row in state.page.lines(inner):
        if row is None or not row.is_choosable:
            lines.append(([("", " "), *styled(line)], None))
            continue
        is_chosen = place == state.selected
        if is_chosen:
            at = len(lines)
        mark = ("class:selected", "▸") if is_chosen else ("", " ")
        lines.append(([mark, *styled(line, selected=is_chosen)], place))
        place += 1
    if len(lines) <= height:
        return lines
    first = max(0, min(at - height // 2, len(lines) - height))
    return lines[first : first + height]


def sentence(state: ScreenState, width: int) -> Line:
    """What was said last, or what is being done."""
    if state.busy:
        return clip([("class:dim", f" {state.busy}")], width)
    return clip([("class:error" if state.is_error else "class:said", f" {state.said}")], width)


def status(state: ScreenState, width: int) -> Line:
    """User, connection, lag, model; and the keys where there is room."""
    style, link = _LINKS[state.link]
    left: Line = [
        ("class:status", f" {state.who or 'nobody yet: user or new'} "),
        (f"class:status {style}", f" {link} "),
    ]
    if state.link is Link.LIVE and state.lag is not None:
        left.append(("class:status", f" lag {state.lag} "))
    if state.model:
        left.append(("class:status", f" model {state.model} "))
    keys: Line = [("class:status class:dim", "F2 menu · Tab complete · Ctrl-C cancel · Ctrl-D leave ")]
    line = spread(left, keys, width)
    taken = line_width(line)
    return [*line, ("class:status", " " * max(0, width - taken))]
