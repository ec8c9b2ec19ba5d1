"""Completion while typing: commands, titles with their years, genres, people. From the one table of commands."""

from collections.abc import Callable, Iterable, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from cli.answers import User
from cli.command import Command, Commands, Takes, split
from cli.titles import Titles
from cli.words import plain

_TITLES = frozenset({Takes.TITLE, Takes.MAYBE_TITLE, Takes.TITLE_AND_STARS, Takes.SEARCH})
_PEOPLE = frozenset({Takes.USER, Takes.MAYBE_USER})
_SHOWN = 8
_STARS = ("5", "4.5", "4", "3.5", "3", "2.5", "2", "1.5", "1", "0.5")


class ShellCompleter(Completer):
    """``titles`` and ``people`` give what is at hand at the moment; nothing here asks the API."""

    def __init__(
        self,
        commands: Commands,
        titles: Callable[[], Titles | None],
        people: Callable[[], Sequence[User]],
        is_asking: Callable[[], bool],
    ) -> None:
        self._commands = commands
        self._titles = titles
        self._people = people
        self._is_asking = is_asking

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor.lstrip()
        if self._is_asking() or not (text or complete_event.completion_requested):
            return
        name, space, rest = text.partition(" ")
        if not space:
            yield from self._names(name)
            return
        command = self._commands.find(name)
        if command is not None:
            yield from self._arguments(command, rest.lstrip())

    def _names(self, typed: str) -> Iterable[Completion]:
        wanted = plain(typed)
        for command in self._commands.table:
            fitting = [name for name in (command.name, *command.aliases) if name.startswith(wanted)]
            if fitting and (typed or command.menu):
                name = command.name if command.name.startswith(wanted) else fitting[0]
                yield Completion(name, -len(typed), display=command.form, display_meta=command.summary)

    def _arguments(self, command: Command, rest: str) -> Iterable[Completion]:
        word = rest.rpartition(" ")[2]
        option, colon, value = word.partition(":")
        if colon and option in command.options:
            yield from self._values(option, value.lstrip('"'), len(word))
            return
        if command.takes in _TITLES:
            yield from self._named(command, rest)
        elif command.takes in _PEOPLE:
            yield from self._numbered(rest)
        elif command.takes is Takes.COMMAND:
            yield from (Completion(name, -len(rest)) for name in self._commands.names if name.startswith(plain(rest)))
        for name in command.options:
            if word and name.startswith(word) and len(split(rest)) >= 1:
                yield Completion(f"{name}:", -len(word), display_meta=f"only of this {name}")

    def _values(self, option: str, value: str, typed: int) -> Iterable[Completion]:
        titles = self._titles()
        if option != "genre" or titles is None:
            return
        for genre in titles.genres:
            if plain(genre).startswith(plain(value)):
                written = f'"{genre}"' if " " in genre else genre
                yield Completion(f"genre:{written}", -typed, display=genre)

    def _named(self, command: Command, rest: str) -> Iterable[Completion]:
        titles = self._titles()
        if titles is None or not rest:
            return
        # Behind a whole title stars are next
        if command.takes is Takes.TITLE_AND_STARS and rest.endswith(" ") and titles.exact(rest.strip()):
            yield from (Completion(stars, 0, display_meta="stars") for stars in _STARS)
            return
        after = " " if command.takes is Takes.TITLE_AND_STARS else ""
        for movie in titles.find(rest.strip(), _SHOWN):
            genres = ", ".join(movie.genres)
            yield Completion(movie.label + after, -len(rest), display=movie.label, display_meta=genres)

    def _numbered(self, rest: str) -> Iterable[Completion]:
        wanted = plain(rest)
        for user in self._people():
            if str(user.user_id).startswith(wanted) or plain(user.name).startswith(wanted):
                yield Completion(str(user.user_id), -len(rest), display_meta=user.name)
