"""From a typed line to a command and its arguments."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.command import split
from cli.errors import BadCommand
from cli.registry import COMMANDS
from cli.stars import read_stars, show_stars


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ("rate heat 4.5", "rate", {"text": "heat", "stars": 4.5}),
        ("rate the matrix ★★★★½ like", "rate", {"text": "the matrix", "stars": 4.5, "liked": True}),
        ("rate Blade Runner 2049 4 stars", "rate", {"text": "Blade Runner 2049", "stars": 4.0}),
        ("rate Blade Runner 2049", "rate", {"text": "Blade Runner 2049", "stars": None}),
        ("RATE #12 3,5 dislike", "rate", {"text": "#12", "stars": 3.5, "liked": False}),
        ("recommend 7 limit:5", "recommend", {"user_id": 7, "limit": 5}),
        ("user #3", "user", {"user_id": 3}),
        ('new "Ada Lovelace" ada@example.net', "new", {"words": ("Ada Lovelace", "ada@example.net")}),
        ("seen heat", "watched", {"text": "heat"}),
        ("quit", "quit", {}),
    ],
)
def test_a_line_becomes_a_command(line: str, name: str, expected: dict[str, object]) -> None:
    invocation = COMMANDS.parse(line)
    assert invocation.command.name == name
    assert {field: getattr(invocation.arguments, field) for field in expected} == expected


def test_options_are_taken_apart() -> None:
    arguments = COMMANDS.parse('movies blade genre:"film noir" year:1982 director:scott').arguments
    assert arguments.text == "blade"
    assert (arguments.movies.genre, arguments.movies.year, arguments.movies.director) == ("film noir", 1982, "scott")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "Type a command"),
        ("recomend", "did you mean `recommend"),
        ("xyzzy", "`help` lists them"),
        ("rate", "Say which movie and how many stars"),
        ("rate 4", "Say which movie and how many stars"),
        ("similar", "Say which movie"),
        ("movies year:soon", "“soon” is not a year from 1850 to 2200"),
        ("recommend limit:0", "“0” is not a limit from 1 to 100"),
        ("recommend limit:", "Say which limit"),
        ("popular year:1999", "`popular` takes no year"),
        ("user nobody", "“nobody” is not the number of a person"),
        ("quit now", "takes no “now”"),
    ],
)
def test_what_is_no_command_is_a_sentence(line: str, sentence: str) -> None:
    with pytest.raises(BadCommand, match=re.escape(sentence)):
        COMMANDS.parse(line)


def test_every_command_is_found_by_its_names_and_no_name_means_two() -> None:
    names = [name for command in COMMANDS.table for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names))
    assert all(COMMANDS.find(name.upper()) for name in names)


@given(st.text(max_size=80))
def test_any_line_is_a_command_or_a_sentence(line: str) -> None:
    with contextlib.suppress(BadCommand):
        assert COMMANDS.parse(line).command in COMMANDS.table


@given(st.lists(st.text(st.characters(categories=("L", "N")), min_size=1), max_size=5))
def test_words_come_apart_at_spaces(words: list[str]) -> None:
    assert split("  ".join(words)) == words


@given(st.integers(1, 10))
def test_shown_stars_can_be_typed(halves: int) -> None:
    assert read_stars(show_stars(halves / 2)) == halves / 2


@pytest.mark.parametrize("text", ["0", "5.5", "6", "4.3", "", "five", "-1", "10", "½½", "4½.5"])
def test_other_stars_are_none(text: str) -> None:
    assert read_stars(text) in (None, 1.0)
    assert text == "½½" or read_stars(text) is None
