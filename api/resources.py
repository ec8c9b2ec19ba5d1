"""What the API takes and gives, as pydantic models. The OpenAPI document is generated from them.

Bodies are strict (the number 4 is not the text "4") and closed (an unknown field is an error, or a misspelt ``liked``
would be lost in silence). No answer holds an e-mail address, a user name or a whole name, but to the scope `admin`:
what shows of people is what leaves PostgreSQL masked anyway.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from api.commit_tokens import After, CommitToken
from api.live_events import EventKind

MAX_ID = 2**63 - 1  # bigint
MAX_PAGE = 500
MAX_RECOMMENDATIONS = 100
_PRINTABLE = r"^[^\u0000-\u001f\u007f]+$"
_EMAIL = r"^[^@\s\u0000-\u001f\u007f]+@[^@\s\u0000-\u001f\u007f]+\.[^@\s\u0000-\u001f\u007f]+$"
_KIND = "|".join(EventKind)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)  # the warehouse's timestamps begin here
_CLOCK_SKEW = timedelta(minutes=5)


def _between_1900_and_now(moment: datetime) -> datetime:
    if not _EARLIEST <= moment <= datetime.now(UTC) + _CLOCK_SKEW:
        raise ValueError("Should lie between the year 1900 and now")
    return moment


def _without_default(schema: dict[str, Any]) -> None:
    """Left out, the field stays what it is: no value stands for that."""
    del schema["default"]


Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]
Email = Annotated[str, StringConstraints(max_length=254, pattern=_EMAIL)]
Age = Annotated[int, Field(ge=0, le=150)]
Stars = Annotated[float, Field(ge=0.5, le=5.0, multiple_of=0.5, allow_inf_nan=False)]
PastMoment = Annotated[AwareDatetime, AfterValidator(_between_1900_and_now)]


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


class NewUser(Body):
    """Somebody who signs up."""

    username: Text = Field(description="Login name, unique")
    email: Email = Field(description="Unique")
    first_name: Text | None = None
    last_name: Text | None = None
    city: Text | None = None
    state: Text | None = None
    country: Text | None = None
    age: Age | None = Field(default=None, description="Years")


class UserUpdate(Body):
    """What changes of a person. What is not named stays; null empties it."""

    username: Text = Field(default="", description="Login name, unique", json_schema_extra=_without_default)
    email: Email = Field(default="", description="Unique", json_schema_extra=_without_default)
    first_name: Text | None = None
    last_name: Text | None = None
    city: Text | None = None
    state: Text | None = None
    country: Text | None = None
    age: Age | None = Field(default=None, description="Years")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Should name at least one field")
        return self


class User(Answer):
    """A person as everybody may see them: the names keep their first letter."""

    user_id: int
    first_name: str | None = Field(description="First letter, then asterisks")
    last_name: str | None = Field(description="First letter, then asterisks")
    city: str | None
    state: str | None
    country: str | None


class Person(User):
    """A person as the administrator sees them."""

    username: str
    email: str
    first_name: str | None
    last_name: str | None


class Erasure(Answer):
    """A person who is being forgotten. The number is all that is left at the source."""

    user_id: int
    state: Literal["deleted", "erased"] = Field(
        description="`deleted`: gone from the source, the rest is under way; `erased`: a scan found nothing more"
    )
    requested_at: datetime
    attempts: int = Field(description="How often finishing it was begun")
    erased_at: datetime | None = Field(description="When the scan found nothing more")


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


class MoviesQuery(PageQuery):
    """Which movies, and which part of their list."""

    title: Text | None = Field(default=None, description="Words in the title, upper and lower case alike")
    genre: Text | None = Field(default=None, description="One of its genres")
    year: Annotated[int, Field(ge=1850, le=2200)] | None = Field(default=None, description="Year of release")
    director: Text | None = Field(default=None, description="Words in the name of the director")


class ListQuery(Query):
    """How many movies."""

    limit: Annotated[int, Field(ge=1, le=MAX_RECOMMENDATIONS)] = 10


def _kinds(text: Any) -> Any:
    return frozenset(text.split(",")) if isinstance(text, str) else text


class EventsQuery(Query):
    """Which events."""

    user_id: Id | None = Field(default=None, description="Whose recommendations; without it there are none")
    types: Annotated[
        frozenset[EventKind] | None,
        BeforeValidator(_kinds),
        WithJsonSchema({"type": "string", "pattern": f"^({_KIND})(,({_KIND}))*$"}),
    ] = Field(default=None, description="Some of them, joined by commas; all when it is left out")

    @property
    def kinds(self) -> frozenset[EventKind]:
        """The events that are sent."""
        return frozenset(EventKind) if self.types is None else self.types


class PopularQuery(ListQuery):
    """How many movies, and of which genre."""

    genre: Text | None = Field(default=None, description="One of its genres")


class RecommendationsQuery(PopularQuery):
    """How many recommendations, and which movies are left out."""

    exclude: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}(,[0-9]{1,18})*$", max_length=4000)] | None = Field(
        default=None, description="Numbers of movies that are left out, separated by commas"
    )

    @property
    def excluded(self) -> frozenset[int]:
        """The movies that are left out."""
        return frozenset(map(int, self.exclude.split(","))) if self.exclude else frozenset()


class PersonalQuery(RecommendationsQuery):
    """How many recommendations, which movies are left out, and what must be counted."""

    after: After | None = Field(
        default=None, description="Commit-Token of a write: wait, 2 seconds at most, until the stream has brought it"
    )


Item = TypeVar("Item", bound=Answer)


class Page(Answer, Generic[Item]):
    """Part of a list, in the order of ids."""

    items: list[Item]
    next: int | None = Field(description="`after` of the next page, null on the last one")


class UserAnswer(RootModel[User | Person]):
    """A person, whole with the scope `admin`, else masked."""


class UserPage(RootModel[Page[User] | Page[Person]]):
    """People, whole with the scope `admin`, else masked."""


class Opinions(Page[Item]):
    """Part of a list of what one person wrote, in the order of ids."""

    fresh: bool | None = Field(description="True for a commit token in `after`: the list shows that commit; else null")


class Recommendation(Answer):
    """A movie that the person has neither rated nor watched."""

    movie_id: int
    title: str
    release_year: int | None
    genre: str | None
    score: float = Field(description="Only its order means something")


class AnonymousRating(Judgement):
    """What somebody thinks of a movie."""

    movie_id: Id


class AnonymousRatings(Body):
    """Ratings of somebody without an account. Nothing of them is kept."""

    ratings: Annotated[list[AnonymousRating], Field(min_length=1, max_length=MAX_PAGE)] = Field(
        description="The newest last; of several for one movie the last counts"
    )


class PopularMovie(Answer):
    """A movie and how many people chose it."""

    movie_id: int
    title: str
    release_year: int | None
    genre: str | None
    people: int = Field(description="Who rated or watched it")


class PopularMovies(Answer):
    """What most people chose, the most popular first."""

    items: list[PopularMovie]


class RecommendationList(Answer):
    """Movies, best first."""

    model_version: str | None = Field(description="Version of the model that was asked, null when there is none yet")
    history: int = Field(description="Movies that were counted")
    source: Literal["model", "popularity"] = Field(description="Popularity while there is no model or no history")
    recommendations: list[Recommendation]


class Recommendations(Answer):
    """What to watch next, best first."""

    user_id: int
    model_version: str | None = Field(description="Version of the model that was asked, null when there is none yet")
    history: int = Field(description="Movies of this person, rated or watched, that were counted")
    fresh: bool | None = Field(
        default=None, description="Whether the commit of `after` was counted; null when none was asked for"
    )
    source: Literal["model", "popularity"] = Field(description="Popularity while there is no model or no history")
    recommendations: list[Recommendation]


class HistoryCounts(Answer):
    """What the stream has brought so far."""

    users: int
    movies: int
    ratings: int
    watched: int


class StreamHealth(Answer):
    """How old the knowledge of the API is."""

    caught_up: bool = Field(description="Has reached the end that the stream had when the API started")
    lag: int = Field(description="Events that are known to the broker and not yet counted")
    seconds_since_contact: float | None = Field(description="Since the broker last answered; null when it never did")
    newest_commit: datetime | None = Field(description="Commit time of the newest change that was counted")
    rejected: int = Field(description="Events that could not be read")


class Nothing(Answer):
    """No body."""


class Health(Answer):
    """The API is alive; what it works with."""

    status: Literal["ok"] = "ok"
    model: str | None = Field(description="Version of the model, null when there is none yet")
    history: HistoryCounts
    stream: StreamHealth


class Readiness(Answer):
    """The API knows all that the stream held when it started."""

    status: Literal["ready"] = "ready"
