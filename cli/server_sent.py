"""Server-sent events out of the lines of a stream. Pure."""

from collections.abc import Iterator
from json import JSONDecodeError, loads

from cli.api import Event


class EventLines:
    """Takes the lines of text/event-stream one by one, gives the events that they end."""

    def __init__(self) -> None:
        self._id = ""
        self._kind = ""
        self._data: list[str] = []

    def take(self, line: str) -> Iterator[Event]:
        """One line without its end. Comments, and data that are no JSON object, pass without an event."""
        if not line:
            yield from self._event()
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            self._id = value
        elif name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)

    @property
    def last_id(self) -> str:
        """The id to come again with."""
        return self._id

    def _event(self) -> Iterator[Event]:
        data, kind = "\n".join(self._data), self._kind
        self._data, self._kind = [], ""
        if not data:
            return
        try:
            parsed = loads(data)
        except JSONDecodeError:
            return
        if isinstance(parsed, dict):
            yield Event(kind, parsed, self._id)
