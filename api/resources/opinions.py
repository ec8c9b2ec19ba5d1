"""What people watched and what they think of it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from api.commit_tokens import After, CommitToken
from api.resources.forms import MAX_ID, MAX_PAGE, Answer, Body, Id, Item, Page, PageQuery, Query

_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)  # the warehouse's timestamps begin here
_CLOCK_SKEW = timedelta(minutes=5)


def _between_1900_and_now(moment: datetime) -> datetime:
    if not _EARLIEST <= moment <= datetime.now(UTC) + _CLOCK_SKEW:
        raise ValueError("Should lie between the year 1900 and now")
    return moment


Stars = Annotated[float, Field(ge=0.5, le=5.0, multiple_of=0.5, allow_inf_nan=False)]
PastMoment = Annotated[AwareDatetime, AfterValidator(_between_1900_and_now)]


class Judgement(Body):
    """What somebody thinks of a movie. Replaces what they thought before, ``liked`` included."""

    rating: Stars = Field(description="Stars from 0.5 to 5.0 in halves")
    liked: bool | None = Field(default=None, description="Thumb up or down, null for neither")


class NewRating(Judgement):
    """What a person thinks of a movie. Replaces what they thought before, ``liked`` included."""

    user_id: Id
    movie_id: Id


class Rating(Answer):
    """What a person thinks of a movie."""

    rating_id: int
    user_id: int
    movie_id: int
    rating: float = Field(description="Stars from 0.5 to 5.0 in halves")
    liked: bool | None
    rated_at: datetime = Field(description="When it was given or last changed")


class Viewing(Body):
    """When a movie was watched. Without ``watched_at`` that is now, or stays what it was."""

    watched_at: PastMoment | None = Field(default=None, description="With its offset from UTC")


class NewWatched(Viewing):
    """A person watched a movie. Without ``watched_at`` that is now, or stays what it was."""

    user_id: Id
    movie_id: Id


class Watched(Answer):
    """A person watched a movie."""

    watched_id: int
    user_id: int
    movie_id: int
    watched_at: datetime


class OpinionsQuery(Query):
    """Which part of a list of what one person wrote."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = Field(default=50, description="At most so many items")
    after: Annotated[int, Field(ge=0, le=MAX_ID)] | After = Field(
        default=0, description="`next` of the page before, or the Commit-Token of a write that the list must show"
    )

    @property
    def page(self) -> PageQuery:
        """The same without a token: that asks for the first page."""
        return PageQuery(limit=self.limit, after=self.after if isinstance(self.after, int) else 0)

    @property
    def fresh(self) -> bool | None:
        """These lists are read where commits are made, so they show every commit of which there is a token."""
        return True if isinstance(self.after, CommitToken) else None


class Opinions(Page[Item]):
    """Part of a list of what one person wrote, in the order of ids."""

    fresh: bool | None = Field(description="True for a commit token in `after`: the list shows that commit; else null")
