"""What the API answers, as the shell holds it. Fields that the shell does not know are let pass."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Literal, TypeVar

from cli.errors import Refused

Json = Mapping[str, Any]
Kind = TypeVar("Kind")


def read(kind: type[Kind], data: Any) -> Kind:
    """One answer. Raises Refused when a field is missing that it cannot do without."""
    known = fields(kind)  # type: ignore[arg-type]  # dataclasses, all of them
    try:
        return kind(**{one.name: data[one.name] for one in known if one.name in data or one.default is MISSING})
    except (KeyError, TypeError):
        raise Refused(f"The API answered something that is no {kind.__name__}: is this the API of Dataflix?") from None


@dataclass(frozen=True, slots=True)
class Movie:
    """A movie of the catalogue."""

    movie_id: int
    title: str
    genre: str | None = None
    release_year: int | None = None
    director: str | None = None
    duration_minutes: int | None = None
    imdb_rating: float | None = None
    description: str | None = None

    @property
    def genres(self) -> tuple[str, ...]:
        return tuple(self.genre.split("|")) if self.genre else ()

    @property
    def label(self) -> str:
        """The title with its year: what tells it from others of that title."""
        return f"{self.title} ({self.release_year})" if self.release_year else self.title


@dataclass(frozen=True, slots=True)
class User:
    """A person, masked unless the token is an administrator's."""

    user_id: int
    first_name: str | None = None
    last_name: str | None = None
    city: str | None = None
    country: str | None = None

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or f"user {self.user_id}"


@dataclass(frozen=True, slots=True)
class NewUser:
    """Somebody who signs up."""

    username: str
    email: str
    first_name: str | None = None
    last_name: str | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """What somebody thinks of a movie."""

    movie_id: int
    rating: float
    liked: bool | None = None
    rated_at: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """Somebody watched a movie."""

    movie_id: int
    watched_at: str = ""


@dataclass(frozen=True, slots=True)
class Recommended:
    """One place of a list of recommendations."""

    movie_id: int
    title: str
    release_year: int | None = None
    genre: str | None = None
    because: tuple[str, ...] = ()
    """The person's movies that speak for it, the strongest first."""


@dataclass(frozen=True, slots=True)
class Recommendations:
    """A list, best first, and what it was made of."""

    model_version: str | None
    history: int
    source: Literal["model", "popularity"]
    recommendations: tuple[Recommended, ...]
    user_id: int | None = None
    fresh: bool | None = None

    @property
    def movie_ids(self) -> tuple[int, ...]:
        return tuple(one.movie_id for one in self.recommendations)


@dataclass(frozen=True, slots=True)
class Popular:
    """A movie and how many chose it."""

    movie_id: int
    title: str
    people: int
    release_year: int | None = None
    genre: str | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """A person who is being forgotten."""

    user_id: int
    state: Literal["deleted", "erased"]


@dataclass(frozen=True, slots=True)
class Health:
    """How the API stands."""

    model: str | None
    rows: Mapping[str, int]
    caught_up: bool
    lag: int
    newest_commit: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """One part of the pipeline."""

    name: str
    answers: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What the watcher found of one thing."""

    name: str
    level: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """How the pipeline stands around the API."""

    services: tuple[Service, ...]
    findings: tuple[Finding, ...]
    dead_letters: Mapping[str, int]
    worker_lag: Mapping[str, int]


def as_json(value: Any) -> Any:
    """Answers as plain JSON values."""
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
