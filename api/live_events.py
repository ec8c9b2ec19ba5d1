"""What `GET /events` sends: the kinds of events, and the shape of each. The documents are made from these."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class EventKind(StrEnum):
    """The names of the events; `types` asks for some of them."""

    CHANGE = "change"
    RECOMMENDATIONS = "recommendations"
    MODEL = "model"
    LAG = "lag"
    RESET = "reset"


class LiveEvent(BaseModel):
    """The data of one event."""

    model_config = ConfigDict(frozen=True)


class ChangeEvent(LiveEvent):
    """A change of one row was counted: masked, as on the public topic of its table."""

    table: str
    deleted: bool = Field(description="The change deleted the row")
    row: dict[str, Any] = Field(
        description="The columns, masked; of a deleted row the key alone, of a very long one without its long texts"
    )
    committed_at: AwareDatetime = Field(description="When it was committed at the source")
    milliseconds: float = Field(description="From the commit until it was counted here")
    txid: int | None = Field(description="Transaction at the source, where it is known")


class ListedMovie(LiveEvent):
    """One place of a list."""

    movie_id: int
    title: str
    release_year: int | None
    genre: str | None = Field(description="Genres, the first one leading, joined by |")
    score: float = Field(description="Only its order means something")
    place: int = Field(description="From 1")
    before: int | None = Field(description="Its place in the list before; null when it was not in it")


class RecommendationsEvent(LiveEvent):
    """The list of the person that was asked for: as it is when the stream begins, then whenever it has changed."""

    user_id: int
    cause: Literal["connected", "history", "model", "others"] = Field(
        description="Why it is sent: the person's own change, another model, or what others did (popularity, movies)"
    )
    milliseconds: float | None = Field(
        description="From the commit to the list, for the person's own change; else null"
    )
    model_version: str | None = Field(description="Version of the model that was asked")
    history: int = Field(description="Movies of this person, rated or watched, that were counted")
    source: Literal["model", "popularity"]
    movies: list[ListedMovie] = Field(description="Best first")
    left: list[int] = Field(description="Movies that were in the list before and are not any more")


class ModelEvent(LiveEvent):
    """Another model is served from now on."""

    version: str | None = Field(description="Null when there is no champion any more")
    before: str | None = Field(description="The version that was served until now")


class LagEvent(LiveEvent):
    """How far behind the stream this process is. Every second while somebody listens."""

    caught_up: bool = Field(description="Has reached the end that the stream had when the API started")
    lag: int = Field(description="Events that are known to the broker and not yet counted")
    seconds_since_contact: float | None = Field(description="Since the broker last answered; null when it never did")
    newest_commit: AwareDatetime | None = Field(description="Commit time of the newest change that was counted")
    events: int = Field(description="Changes counted since the process began")


class ResetEvent(LiveEvent):
    """What came after `Last-Event-ID` is not at hand any more: read the state anew, then go on from here."""

    reason: Literal["unknown_id", "too_old"] = Field(
        description="The number is of another process or none at all, or more has happened since than is kept"
    )


EVENTS: dict[str, type[LiveEvent]] = {
    EventKind.CHANGE.value: ChangeEvent,
    EventKind.RECOMMENDATIONS.value: RecommendationsEvent,
    EventKind.MODEL.value: ModelEvent,
    EventKind.LAG.value: LagEvent,
    EventKind.RESET.value: ResetEvent,
}
