"""The page of recommendations: the list, what moved in it, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from cli.answers import Recommendations, User, as_json
from cli.layout import Cell, Column, Line, Piece, Row, Table
from cli.movement import show_move
from cli.page import Page, Room
from cli.views.movies import GENRES, TITLE, YEAR, genres, number


@dataclass(frozen=True, slots=True)
class News:
    """Why a list was looked at again, and how long that took from the commit, in milliseconds."""

    cause: str = ""
    milliseconds: float | None = None


_CAUSES = {"model": "another model", "others": "what others did"}


def recommendations_page(
    user: User,
    listed: Recommendations,
    moved: Mapping[int, int | None],
    news: News | None = None,
    genre: str | None = None,
) -> Page:
    """``moved`` is what ``movement.moves`` says of the list."""
    table = Table(
        (
            Column("", "dim", right=True),
            Column("", "moved"),
            TITLE,
            YEAR,
            GENRES,
            Column("Because of", "dim", importance=1, grows=True, least=12),
        ),
        tuple(
            Row(
                (
                    Cell(str(place)),
                    _moved(moved.get(one.movie_id, 0)),
                    Cell(one.title),
                    number(one.release_year),
                    Cell(genres(one.genre)),
                    Cell(", ".join(one.because)),
                ),
                one.movie_id,
            )
            for place, one in enumerate(listed.recommendations, start=1)
        ),
        empty="Nothing to recommend: everything here has been seen.",
    )
    title = f"For {user.name}" + (f": {genre}" if genre else "")
    return Page(
        Room.FOR_YOU, title, _note(listed), table, below=lambda _width: _below(news, moved), data=as_json(listed)
    )


def _moved(move: int | None) -> Cell:
    style = "new" if move is None else "up" if move > 0 else "down"
    return Cell(show_move(move), style)


def _note(listed: Recommendations) -> tuple[Piece, ...]:
    counted = f"from {listed.history} of your movies" if listed.history else "nothing rated yet"
    if listed.source == "popularity":
        counted = "what is popular, until you rate something"
    return (("dim", f"{counted} · model {listed.model_version or 'none'}"),)


def _below(news: News | None, moved: Mapping[int, int | None]) -> list[Line]:
    if news is None:
        return []
    changes = sum(1 for move in moved.values() if move != 0)
    changed = f"{changes} place{'' if changes == 1 else 's'} changed" if changes else "no place changed"
    if news.milliseconds is not None:
        return [
            [],
            [("accent", f"▸ {news.milliseconds:.0f} ms"), ("dim", f" from the commit to this list · {changed}")],
        ]
    cause = _CAUSES.get(news.cause)
    return [[], [("accent", "▸ "), ("dim", f"after {cause} · {changed}")]] if cause else []
