"""How the API stands, and which of its events somebody wants."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from api.live_events import EventKind
from api.progress import Source
from api.resources.forms import Answer, Id, Query

_KIND = "|".join(EventKind)


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


class Start(Answer):
    """How the histories were read when the API started."""

    source: Source = Field(description="ClickHouse, or the masked topics where that did not hold all for certain")
    seconds: float = Field(description="Until the API knew all that the stream held")


class Health(Answer):
    """The API is alive; what it works with."""

    status: Literal["ok"] = "ok"
    model: str | None = Field(description="Version of the model, null when there is none yet")
    history: HistoryCounts
    start: Start | None = Field(description="Null until the API has caught up")
    stream: StreamHealth


class Service(Answer):
    """One part of the pipeline."""

    name: str
    answers: bool = Field(description="It listens, and says that it is well where it can say so")


class Finding(Answer):
    """What a probe of the watcher found when it last looked."""

    name: str
    level: Literal["ok", "warning", "error"]
    sentence: str = Field(description="What is so; unless all is well, also what to do")
    at: datetime


class Pipeline(Answer):
    """How the pipeline stands, seen from this process."""

    services: list[Service] = Field(description="In the order in which a change meets them, then who watches")
    findings: list[Finding] = Field(description="None when the watcher does not answer")
    dead_letters: dict[str, int] = Field(description="Letters that nobody is done with, by table")
    worker_lag: dict[str, int] = Field(description="Events that the worker has not acknowledged, by table")


class Readiness(Answer):
    """The API knows all that the stream held when it started."""

    status: Literal["ready"] = "ready"
    histories_from: Source = Field(description="Where this process read the histories when it started")
