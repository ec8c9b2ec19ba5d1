"""Messages of the public topics as lines: for people, and as JSON for programs."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import IO, Any, NamedTuple

import orjson
from rich.console import Console
from rich.text import Text

from dataflix.contracts import Table
from dataflix.errors import MalformedEvent
from dataflix.masked_events import OPERATION, MaskedEvent, read_masked_event
from events.topic_reader import Received

LONGEST = 60  # characters of a value
REMEMBERED_ROWS = 10_000
_OPERATIONS = {"r": ("read", "blue"), "c": ("create", "green"), "u": ("update", "yellow"), "d": ("delete", "red")}
_TOMBSTONE = ("tombstone", "dim")
_WIDTH = max(len(name) for name, _ in (*_OPERATIONS.values(), _TOMBSTONE))


def console(file: IO[str], **rest: Any) -> Console:
    """Where lines for people go: one line for each, however long; coloured when ``file`` is a terminal."""
    return Console(file=file, highlight=False, soft_wrap=True, **rest)


def json_line(message: Received) -> str:
    """The message as one line of JSON: coordinates, time of publishing, key and value (null for a tombstone)."""
    return orjson.dumps(
        {
            "topic": message.topic,
            "partition": message.partition,
            "offset": message.offset,
            "at": message.at,
            "key": _parsed(message.key),
            "value": _parsed(message.value),
        },
        option=orjson.OPT_UTC_Z,
    ).decode()


def _parsed(data: bytes | None) -> Any:
    """What the JSON says; a text that is no JSON stays a text, as keys of dead letters are."""
    try:
        return data if data is None else orjson.loads(data)
    except orjson.JSONDecodeError:
        return data.decode(errors="replace") if data else ""


def notice_line(message: Received) -> Text:
    """A message of a topic that carries no rows: when it was published, its key and its fields."""
    value = _parsed(message.value)
    fields = value if isinstance(value, dict) else {"value": value}
    key = (message.key or b"").decode(errors="replace")
    return _line(message.at, ("", ""), _cut(key), (f"{name}={_shown(field)}" for name, field in fields.items()))


class _Cell(NamedTuple):
    shown: str
    mark: int  # tells long values apart that are shown alike


class RowLines:
    """Lines for the masked events of one table: when, what, which row, and the columns.

    Of a row that was shown before, the columns that changed are shown, before and after; the newest
    ``REMEMBERED_ROWS`` rows are remembered. Of any other, all columns.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows: OrderedDict[tuple[Any, ...], tuple[int, Mapping[str, _Cell]]] = OrderedDict()

    def line(self, message: Received) -> Text:
        """The line of one message; of one that is no masked event, a line that says so."""
        if message.value is None:
            return _line(message.at, _TOMBSTONE, _cut((message.key or b"").decode(errors="replace")), [])
        try:
            event = read_masked_event(self._table, message.value)
            operation = _OPERATIONS[orjson.loads(message.value)[OPERATION]]
        except (MalformedEvent, KeyError):
            place = f"partition {message.partition}, offset {message.offset}"
            return _line(message.at, ("unknown", "red"), place, ["no masked event"])
        key = "  ".join(f"{name}={_shown(event.row[name])}" for name in self._table.key)
        return _line(event.committed_at, operation, key, self._columns(event))

    def _columns(self, event: MaskedEvent) -> list[str]:
        row = {
            name: _Cell(_shown(value), hash(value)) for name, value in event.row.items() if name not in self._table.key
        }
        version, before = self._rows.get(event.key, (-1, {}))
        if event.version <= version:
            return ["(not newer than what was shown)"]
        self._rows[event.key] = event.version, row
        self._rows.move_to_end(event.key)
        if len(self._rows) > REMEMBERED_ROWS:
            self._rows.popitem(last=False)
        if not before:
            return [f"{name}={cell.shown}" for name, cell in row.items()]
        return [
            f"{name}: {before[name].shown} → {cell.shown}"
            for name, cell in row.items()
            if name in before and before[name] != cell
        ]


def _line(at: datetime, operation: tuple[str, str], key: str, columns: Iterable[str]) -> Text:
    name, style = operation
    moment = at.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00") + "Z"
    line = Text().append(moment, "dim")
    if name:
        line.append("  ").append(name.ljust(_WIDTH), style)
    line.append("  ").append(key, "bold")
    return line.append("".join(f"  {column}" for column in columns))


def _shown(value: Any) -> str:
    """JSON, cut where it is long. What a terminal would take for a command is written as an escape."""
    return _cut(orjson.dumps(value).decode())


def _cut(text: str) -> str:
    short = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in short)
