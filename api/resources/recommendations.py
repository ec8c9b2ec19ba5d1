"""What to watch next, what is popular, what is like a movie."""

from typing import Annotated, Literal

from pydantic import Field, RootModel, StringConstraints

from api.commit_tokens import After
from api.resources.forms import MAX_PAGE, Answer, Body, Id, Query, Text
from api.resources.opinions import Judgement

MAX_RECOMMENDATIONS = 100


class ListQuery(Query):
    """How many movies."""

    limit: Annotated[int, Field(ge=1, le=MAX_RECOMMENDATIONS)] = 10


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
    """How many recommendations, which movies are left out, what must be counted, and whether reasons are given."""

    after: After | None = Field(
        default=None, description="Commit-Token of a write: wait, 2 seconds at most, until the stream has brought it"
    )
    explain: bool = Field(default=False, description="Say which of the person's movies speak for each recommendation")


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


class PersonalList(Answer):
    """What a list for one person says of itself."""

    user_id: int
    model_version: str | None = Field(description="Version of the model that was asked, null when there is none yet")
    history: int = Field(description="Movies of this person, rated or watched, that were counted")
    fresh: bool | None = Field(
        default=None, description="Whether the commit of `after` was counted; null when none was asked for"
    )
    source: Literal["model", "popularity"] = Field(description="Popularity while there is no model or no history")


class Recommendations(PersonalList):
    """What to watch next, best first."""

    recommendations: list[Recommendation]


class Reason(Answer):
    """A movie of the person's, and what it adds to the score: the sum of what it says by factors and by neighbours."""

    movie_id: int
    title: str | None = Field(description="Null while the stream has not brought the movie")
    rating: float | None = Field(description="Stars that the person gave; null for a movie that was only watched")
    contribution: float = Field(description="What it adds to the score, in the unit of the score")
    factors: float = Field(description="Of it by what the two movies have in common")
    neighbours: float = Field(description="Of it by how often people went from the one to the other, or chose both")


class ScoreParts(Answer):
    """What the score is the sum of."""

    factors: float = Field(description="What the person's movies say by what they have in common with this one")
    neighbours: float = Field(
        description="What they say by how often people went on from them to this one, or chose both"
    )
    popularity: float


class ExplainedRecommendation(Recommendation):
    """A movie that the person has neither rated nor watched, and why it stands where it stands."""

    because: list[Reason] = Field(
        description="The person's movies that speak most for it, at most 3, the strongest first; none where it is "
        "listed by popularity"
    )
    parts: ScoreParts | None = Field(description="Null where it is listed by popularity")


class ExplainedRecommendations(PersonalList):
    """What to watch next, best first, with the reasons."""

    recommendations: list[ExplainedRecommendation]


class RecommendationsAnswer(RootModel[Recommendations | ExplainedRecommendations]):
    """What to watch next, with reasons where they were asked for."""
