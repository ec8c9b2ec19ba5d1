"""Pages of what somebody thinks of movies and has watched."""

from collections.abc import Callable, Sequence

from cli.answers import Rating, Watched, as_json
from cli.layout import Cell, Column, Row, Table
from cli.page import Page, Room
from cli.stars import show_stars
from cli.views.movies import TITLE

_WHEN = Column("When", "dim", importance=2)


def ratings_page(ratings: Sequence[Rating], label: Callable[[int], str]) -> Page:
    """Their ratings, the newest first."""
    thumbs = {True: "liked", False: "disliked", None: ""}
    table = Table(
        (TITLE, Column("Stars", "stars"), Column("", "dim", importance=1), _WHEN),
        tuple(
            Row(
                (
                    Cell(label(one.movie_id)),
                    Cell(show_stars(one.rating)),
                    Cell(thumbs[one.liked]),
                    Cell(day(one.rated_at)),
                ),
                one.movie_id,
            )
            for one in ratings
        ),
        empty="No stars given yet: `rate` and a movie, or Enter on a movie anywhere.",
    )
    return Page(Room.RATINGS, "What you think", (("dim", f"{len(ratings)} movies"),), table, data=as_json(ratings))


def watched_page(watched: Sequence[Watched], label: Callable[[int], str]) -> Page:
    """What they watched, the newest first."""
    table = Table(
        (TITLE, _WHEN),
        tuple(Row((Cell(label(one.movie_id)), Cell(day(one.watched_at))), one.movie_id) for one in watched),
        empty="Nothing watched yet: `watched` and a movie marks one.",
    )
    return Page(
        Room.WATCHED, "What you have watched", (("dim", f"{len(watched)} movies"),), table, data=as_json(watched)
    )


def day(moment: str) -> str:
    """The day of a moment in ISO 8601."""
    return moment[:10]
