"""What comes of a command."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from cli.page import Page


class Then(Enum):
    """What a screen does besides showing the page; on paper none of it means anything."""

    NOTHING = auto()
    FOLLOW_LIST = auto()  # keep the recommendations as the stream changes them
    FOLLOW_PIPELINE = auto()
    OPEN_MENU = auto()
    LEAVE = auto()


@dataclass(frozen=True, slots=True)
class Choice:
    """Several things may be meant: each has a label and the command that means it."""

    question: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Something more is needed. ``command`` makes the line to run of the answer; ``proposal`` is filled in."""

    text: str
    command: Callable[[str], str]
    proposal: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A page, a sentence, or what has to be settled first."""

    page: Page | None = None
    said: str = ""
    then: Then = Then.NOTHING
    choice: Choice | None = None
    question: Question | None = None
    keys: str = ""  # vi or emacs, where that was asked for
