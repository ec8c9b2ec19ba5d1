"""Pages of people."""

from collections.abc import Sequence

from cli.answers import User, as_json
from cli.layout import Cell, Column, Row, Table
from cli.page import Page, Room


def people_page(people: Sequence[User], more: bool, title: str = "Who is watching?") -> Page:
    """Those who are there to choose from, and a way in for somebody new."""
    newcomer = Row((Cell("+", "accent"), Cell("Somebody new", "accent"), Cell("")), command="new")
    table = Table(
        (
            Column("", "dim", right=True),
            Column("", "movie", grows=True, least=12),
            Column("", "dim", importance=1, grows=True),
        ),
        (
            *(
                Row(
                    (
                        Cell(str(one.user_id)),
                        Cell(one.name),
                        Cell(", ".join(part for part in (one.city, one.country) if part)),
                    ),
                    command=f"user {one.user_id}",
                )
                for one in people
            ),
            newcomer,
        ),
    )
    note = "names keep their first letter" + (" · more: `user NUMBER`" if more else "")
    return Page(Room.PEOPLE, title, (("dim", note),), table, data=as_json(people))
