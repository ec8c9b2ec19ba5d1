"""Dead letters: where a change event that cannot be processed stands, and why. The event itself stays there.

Nothing of its content travels: the payload is read again from the private topic when it is replayed.

The topic holds two sorts of messages under one key for each event: the letter, and later its `Resolution`. The last
message of a key says how things stand (see docs/adr/0005).
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import orjson

from dataflix.errors import MalformedEvent
from dataflix.public_topics import DEAD_LETTERS

TOPIC = DEAD_LETTERS


class Coordinates(NamedTuple):
    """Where an event stands. Ordered as the events of a partition are."""

    topic: str
    partition: int
    offset: int

    def key(self) -> bytes:
        """The key of the messages about this event."""
        return f"{self.topic}/{self.partition}/{self.offset}".encode()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One event that was set aside."""

    topic: str  # with partition and offset: where the event stands
    partition: int
    offset: int
    key_hash: str | None  # of the message's key, so that letters of one row can be found together
    kind: str  # the sort of the reason, for counting
    reason: str  # a sentence that names fields and types, never values
    contract_version: str
    epoch: int  # that the event was written in: a part of its version
    at: datetime  # UTC

    def key(self) -> bytes:
        """The key of the message: one for each event, so that a repeated letter replaces itself."""
        return self.coordinates.key()

    @property
    def coordinates(self) -> Coordinates:
        return Coordinates(self.topic, self.partition, self.offset)

    def value(self) -> bytes:
        """The message as JSON."""
        return orjson.dumps(asdict(self), option=orjson.OPT_UTC_Z)


class Ending(StrEnum):
    """How somebody was done with a dead letter."""

    REPLAYED = "replayed"
    DISCARDED = "discarded"
    FORGOTTEN = "forgotten"  # with the person whose event it was


@dataclass(frozen=True, slots=True)
class Resolution:
    """Follows a letter under the letter's key: nobody has to look at it any more."""

    ending: Ending
    at: datetime  # UTC

    def value(self) -> bytes:
        """The message as JSON."""
        return orjson.dumps({"ending": self.ending, "at": self.at}, option=orjson.OPT_UTC_Z)


def read_message(value: bytes | None) -> DeadLetter | Resolution:
    """Read one message of the topic. Raises MalformedEvent."""
    try:
        fields = orjson.loads(value or b"")
        fields["at"] = datetime.fromisoformat(fields["at"])
        if "ending" in fields:
            return Resolution(Ending(fields["ending"]), fields["at"])
        return DeadLetter(**fields)
    except (ValueError, TypeError, LookupError) as error:
        raise MalformedEvent(f"A message of {TOPIC} is no dead letter ({type(error).__name__}).") from None
