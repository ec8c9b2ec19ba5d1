"""Pages of movies."""

from collections.abc import Mapping, Sequence

from cli.answers import Movie, Popular, Recommended, as_json
from cli.api import MovieQuery
from cli.layout import Cell, Column, Line, Row, Table, wrap
from cli.page import Page, Room
from cli.stars import show_stars

NUMBER = Column("", "dim", right=True, importance=4)
TITLE = Column("Title", "movie", grows=True, least=16)
YEAR = Column("Year", "dim", importance=2)
GENRES = Column("Genres", "dim", importance=3, grows=True, least=10)
YOURS = Column("Yours", "stars", importance=1)


def genres(text: str | None) -> str:
    """``Crime|Drama`` as people write it."""
    return (text or "").replace("|", ", ")


def number(value: float | None) -> Cell:
    """A number that may be missing."""
    return Cell("" if value is None else str(value))


def movies_page(movies: Sequence[Movie], typed: str, query: MovieQuery, stars: Mapping[int, float]) -> Page:
    """What was found, or a part of all there is."""
    table = Table(
        (TITLE, YEAR, GENRES, Column("Director", "dim", importance=5, grows=True, least=8), YOURS),
        tuple(
            Row(
                (
                    Cell(movie.title),
                    number(movie.release_year),
                    Cell(genres(movie.genre)),
                    Cell(movie.director or ""),
                    Cell(show_stars(stars.get(movie.movie_id, 0))),
                ),
                movie.movie_id,
            )
            for movie in movies
        ),
        empty="No movie is like that. `movies` alone shows all.",
    )
    asked = [f"“{typed}”"] if typed else []
    asked += [str(one) for one in (query.genre, query.year, query.director and f"by {query.director}") if one]
    title = f"Movies: {', '.join(asked)}" if asked else "Movies"
    return Page(Room.MOVIES, title, (("dim", f"{len(movies)} shown"),), table, data=as_json(movies))


def popular_page(movies: Sequence[Popular], genre: str | None, stars: Mapping[int, float]) -> Page:
    """What most people chose."""
    table = Table(
        (NUMBER, TITLE, YEAR, GENRES, Column("People", "dim", right=True), YOURS),
        tuple(
            Row(
                (
                    Cell(str(place)),
                    Cell(one.title),
                    number(one.release_year),
                    Cell(genres(one.genre)),
                    Cell(str(one.people)),
                    Cell(show_stars(stars.get(one.movie_id, 0))),
                ),
                one.movie_id,
            )
            for place, one in enumerate(movies, start=1)
        ),
    )
    title = f"What most people chose: {genre}" if genre else "What most people chose"
    return Page(Room.POPULAR, title, (), table, data=as_json(movies))


def similar_page(movie: Movie, listed: Sequence[Recommended], stars: Mapping[int, float]) -> Page:
    """What goes with a movie."""
    table = Table(
        (NUMBER, TITLE, YEAR, GENRES, YOURS),
        tuple(
            Row(
                (
                    Cell(str(place)),
                    Cell(one.title),
                    number(one.release_year),
                    Cell(genres(one.genre)),
                    Cell(show_stars(stars.get(one.movie_id, 0))),
                ),
                one.movie_id,
            )
            for place, one in enumerate(listed, start=1)
        ),
    )
    return Page(Room.MOVIES, f"Goes with {movie.label}", (), table, data=as_json(listed))


def movie_page(movie: Movie, stars: float | None, watched: bool) -> Page:
    """All about one movie."""

    def text(width: int) -> list[Line]:
        facts = [
            genres(movie.genre),
            f"by {movie.director}" if movie.director else "",
            f"{movie.duration_minutes} min" if movie.duration_minutes else "",
            f"IMDb {movie.imdb_rating}" if movie.imdb_rating else "",
        ]
        lines: list[Line] = [[("dim", line)] for line in wrap(" · ".join(filter(None, facts)), width)]
        lines += [[], *([("", line)] for line in wrap(movie.description or "", min(width, 80))), []]
        if stars:
            lines.append([("", "You gave it "), ("stars", show_stars(stars))])
        if watched:
            lines.append([("", "You have watched it.")])
        return lines

    actions = Table(
        (Column("", "accent"),),
        tuple(
            Row((Cell(label),), command=f"{command} #{movie.movie_id}")
            for label, command in (
                ("Rate it", "rate"),
                ("I have watched it", "watched"),
                ("What goes with it", "similar"),
            )
        ),
    )
    return Page(Room.MOVIES, movie.label, (), actions, text, data=as_json(movie))
