"""What a command is, and how a line becomes one. The same table makes parsing, completion, help and the menu."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from cli.api import MovieQuery
from cli.errors import BadCommand
from cli.outcome import Outcome
from cli.session import Session
from cli.stars import read_stars
from cli.words import nearest, plain

_TOKEN = re.compile(r'([a-z]+:)?"([^"]*)"?|(\S+)')
_THUMBS = {"like": True, "liked": True, "dislike": False, "disliked": False, "👍": True, "👎": False}
MOST_LISTED = 100


class Takes(Enum):
    """What may stand behind a command's name."""

    NOTHING = auto()
    TITLE = auto()
    MAYBE_TITLE = auto()
    TITLE_AND_STARS = auto()
    SEARCH = auto()
    USER = auto()
    MAYBE_USER = auto()
    COMMAND = auto()
    KEYS = auto()
    NAME_AND_EMAIL = auto()
    ME = auto()


_OPTIONS = {"genre", "year", "director", "limit"}


@dataclass(frozen=True, slots=True)
class Arguments:
    """What stood behind the name of a command."""

    text: str = ""
    stars: float | None = None
    liked: bool | None = None
    user_id: int | None = None
    movies: MovieQuery = field(default_factory=MovieQuery)
    limit: int | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """One command. ``menu`` is how the menu calls it, empty where it is not there."""

    name: str
    summary: str
    run: Callable[[Session, Arguments], Awaitable[Outcome]]
    takes: Takes = Takes.NOTHING
    usage: str = ""
    aliases: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    menu: str = ""
    example: str = ""

    @property
    def form(self) -> str:
        """The name with what it takes."""
        options = " ".join(f"[{name}:…]" for name in self.options)
        return " ".join(part for part in (self.name, self.usage, options) if part)


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command and its arguments. ``line`` is what was typed."""

    command: Command
    arguments: Arguments
    line: str


@dataclass(frozen=True)
class Commands:
    """All commands."""

    table: tuple[Command, ...]
    _by_name: dict[str, Command] = field(init=False, default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for command in self.table:
            for name in (command.name, *command.aliases):
                self._by_name[name] = command

    @property
    def names(self) -> tuple[str, ...]:
        """The names of commands, without the aliases."""
        return tuple(command.name for command in self.table)

    def find(self, name: str) -> Command | None:
        """The command of this name or alias."""
        return self._by_name.get(plain(name))

    def parse(self, line: str) -> Invocation:
        """Raises BadCommand, with the nearest right command."""
        tokens = split(line)
        if not tokens:
            raise BadCommand("Type a command: `help` lists them.")
        command = self.find(tokens[0])
        if command is None:
            near = nearest(tokens[0], self._by_name)
            meant = f"did you mean `{self._by_name[near].form}`?" if near else "`help` lists them."
            raise BadCommand(f"There is no command “{tokens[0]}”: {meant}")
        return Invocation(command, _arguments(command, tokens[1:]), line)


def split(line: str) -> list[str]:
    """The words of a line; what stands in double quotes is one word, also behind ``genre:``."""
    return [(match[1] or "") + match[2] if match[3] is None else match[3] for match in _TOKEN.finditer(line.strip())]


def _arguments(command: Command, tokens: Sequence[str]) -> Arguments:
    given, options = _options(command, tokens)
    genre, director = options.get("genre"), options.get("director")
    year = _number(options["year"], "a year", 1850, 2200) if "year" in options else None
    limit = _number(options["limit"], "a limit", 1, MOST_LISTED) if "limit" in options else None
    base = Arguments(movies=MovieQuery(genre=genre, year=year, director=director), limit=limit)
    match command.takes:
        case Takes.TITLE_AND_STARS:
            return _rating(command, given)
        case Takes.TITLE if not given:
            raise BadCommand(f"Say which movie: `{command.form}`.")
        case Takes.TITLE | Takes.MAYBE_TITLE | Takes.SEARCH | Takes.COMMAND:
            return Arguments(text=" ".join(given), movies=base.movies, limit=limit)
        case Takes.USER | Takes.MAYBE_USER if given and given[0] != "new":
            user_id = _number(given[0].removeprefix("#"), "the number of a person", 1, 2**63 - 1)
            _end(command, given[1:])
            return Arguments(user_id=user_id, movies=base.movies, limit=limit)
        case Takes.USER | Takes.MAYBE_USER | Takes.NAME_AND_EMAIL | Takes.ME | Takes.KEYS:
            return Arguments(words=tuple(given), movies=base.movies, limit=limit)
        case Takes.NOTHING:
            _end(command, given)
            return base


def _options(command: Command, tokens: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    given: list[str] = []
    options: dict[str, str] = {}
    for token in tokens:
        name, colon, value = token.partition(":")
        if colon and name in _OPTIONS and command.options:
            if name not in command.options:
                raise BadCommand(f"`{command.name}` takes no {name}: `{command.form}`.")
            if not value:
                raise BadCommand(f"Say which {name}, right behind the colon: `{name}:…`.")
            options[name] = value
        else:
            given.append(token)
    return given, options


def _rating(command: Command, given: Sequence[str]) -> Arguments:
    rest, liked = list(given), None
    if rest and plain(rest[-1]) in _THUMBS:
        liked = _THUMBS[plain(rest.pop())]
    if rest and rest[-1] == "stars":
        rest.pop()
    stars = read_stars(rest[-1]) if rest else None
    if stars is not None and len(rest) > 1:
        return Arguments(text=" ".join(rest[:-1]), stars=stars, liked=liked)
    if not rest or (stars is not None and len(rest) == 1):
        raise BadCommand(f"Say which movie and how many stars: `{command.form}`, such as `{command.example}`.")
    return Arguments(text=" ".join(rest), liked=liked)


def _number(text: str, what: str, least: int, most: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    if not least <= number <= most:
        bounds = f" from {least} to {most}" if most < 2**62 else ""
        raise BadCommand(f"“{text}” is not {what}{bounds}.")
    return number


def _end(command: Command, rest: Iterable[str]) -> None:
    if unexpected := " ".join(rest):
        raise BadCommand(f"`{command.form}` takes no “{unexpected}”.")
