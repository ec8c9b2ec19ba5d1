"""The menu: what there is to do, made of the table of commands."""

from cli.command import Commands
from cli.layout import Cell, Column, Row, Table
from cli.page import Page, Room


def menu_page(commands: Commands) -> Page:
    """A row for each command that the menu names."""
    table = Table(
        (Column("", "movie"), Column("", "dim", grows=True, importance=1, least=16)),
        tuple(Row((Cell(one.menu), Cell(one.summary)), command=one.name) for one in commands.table if one.menu),
    )
    return Page(Room.HELP, "What would you like to do?", (("dim", "↑ ↓ and Enter"),), table)
