"""The catalogue."""

from typing import Annotated

from pydantic import Field

from api.resources.forms import Answer, PageQuery, Text


class Movie(Answer):
    """A movie of the catalogue."""

    movie_id: int
    title: str
    description: str | None
    genre: str | None = Field(description="Genres, the first one leading, joined by |")
    release_year: int | None
    director: str | None
    duration_minutes: int | None
    imdb_rating: float | None = Field(description="0.0 to 10.0")


class MoviesQuery(PageQuery):
    """Which movies, and which part of their list."""

    title: Text | None = Field(default=None, description="Words in the title, upper and lower case alike")
    genre: Text | None = Field(default=None, description="One of its genres")
    year: Annotated[int, Field(ge=1850, le=2200)] | None = Field(default=None, description="Year of release")
    director: Text | None = Field(default=None, description="Words in the name of the director")
