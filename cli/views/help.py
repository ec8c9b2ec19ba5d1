"""The page of help, made of the table of commands."""

from cli.command import Command, Commands, Takes
from cli.layout import Cell, Column, Line, Row, Table, wrap
from cli.page import Page, Room

KEYS = (
    ("↑ ↓", "choose a row, Enter opens it"),
    ("Tab", "complete what is typed"),
    ("F2", "the menu"),
    ("Ctrl-R", "search what was typed before, also in earlier sessions; Ctrl-P and Ctrl-N walk through it"),
    ("Ctrl-Z", "undo, with nothing typed"),
    ("Ctrl-C", "cancel"),
    ("Ctrl-D", "leave"),
)


def help_page(commands: Commands) -> Page:
    """Every command in a line, and the keys."""
    table = Table(
        (Column("Command", "accent"), Column("", "", grows=True, least=20)),
        tuple(
            Row((Cell(one.form if len(one.form) < 34 else one.name), Cell(one.summary)), command=f"help {one.name}")
            for one in commands.table
        ),
    )

    def keys(width: int) -> list[Line]:
        lines: list[Line] = [[]]
        for key, meaning in KEYS:
            first, *rest = wrap(meaning, max(20, width - 10))
            lines += [[("accent", f"{key:<8}"), ("", first)], *([("", " " * 8 + line)] for line in rest)]
        return lines

    data = [
        {"name": one.name, "aliases": list(one.aliases), "usage": one.form, "summary": one.summary}
        for one in commands.table
    ]
    return Page(Room.HELP, "What you can do", (("dim", "`help COMMAND` says more"),), table, below=keys, data=data)


def command_page(command: Command) -> Page:
    """One command."""

    def text(width: int) -> list[Line]:
        lines: list[Line] = [[("accent", command.form)], []]
        lines += [[("", line)] for line in wrap(command.summary + ".", width)]
        if command.example:
            lines += [[], [("dim", "For example  "), ("accent", command.example)]]
        if command.aliases:
            lines += [[], [("dim", f"Also: {', '.join(command.aliases)}")]]
        if command.takes in (Takes.TITLE, Takes.TITLE_AND_STARS, Takes.MAYBE_TITLE):
            hint = "A movie is named by its title or part of it, with its year where that is needed, or as #NUMBER."
            lines += [[], *([("dim", line)] for line in wrap(hint, width))]
        return lines

    data = {"name": command.name, "aliases": list(command.aliases), "usage": command.form, "summary": command.summary}
    return Page(Room.HELP, command.name, (), None, text, data=data)
