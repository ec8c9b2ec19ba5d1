"""What every resource is made of: bodies, parameters, answers, pages.

Bodies are strict (the number 4 is not the text "4") and closed (an unknown field is an error, or a misspelt ``liked``
would be lost in silence).
"""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_ID = 2**63 - 1  # bigint
MAX_PAGE = 500
_PRINTABLE = r"^[^\u0000-\u001f\u007f]+$"
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Query(BaseModel):
    """The parameters of a request's path or query string."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoBody(Body):
    """Takes no body."""


class NoParameters(Query):
    """Takes no parameters."""


class Answer(BaseModel):
    """The body of an answer."""

    model_config = ConfigDict(frozen=True)


class UserPath(Query):
    """Names a user."""

    user_id: Id


class MoviePath(Query):
    """Names a movie."""

    movie_id: Id


class UserMoviePath(UserPath, MoviePath):
    """Names a user and a movie."""


class PageQuery(Query):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = Field(default=50, description="At most so many items")
    after: Annotated[int, Field(ge=0, le=MAX_ID)] = Field(default=0, description="`next` of the page before")


Item = TypeVar("Item", bound=Answer)


class Page(Answer, Generic[Item]):
    """Part of a list, in the order of ids."""

    items: list[Item]
    next: int | None = Field(description="`after` of the next page, null on the last one")


class Nothing(Answer):
    """No body."""
