"""What can go wrong in the shell."""

from dataflix.errors import DataflixError


class BadCommand(DataflixError):
    """A line that is no command, or a command with arguments that it does not take."""


class Refused(DataflixError):
    """The API was asked and said no. ``kind`` is the last part of the problem's type, such as ``unknown-movie``."""

    def __init__(self, sentence: str, kind: str = "", status: int = 0) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.status = status


class Unreachable(DataflixError):
    """The API does not answer, or not now: the same may work in a moment."""
