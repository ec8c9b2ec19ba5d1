"""Changes of the four tables as the live recommender needs them: typed, and no more of a row than it uses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dataflix.errors import MalformedEvent
from dataflix.masked_events import MaskedEvent
from dataflix.recommender import interaction_score

MICROSECONDS = 1_000_000
MOST_STARS = 5.0
VERSION_BITS = 128
LEAST_TOO_LARGE = 1 << 63  # for a bigint


@dataclass(frozen=True, slots=True)
class CatalogueMovie:
    """What a recommendation says about a movie."""

    title: str
    release_year: int | None
    genre: str | None


@dataclass(frozen=True, slots=True)
class Opinion:
    """A rating or a viewing."""

    user_id: int
    movie_id: int
    rated: bool  # False for a viewing
    score: float  # of dataflix.recommender.interaction_score
    at: int  # microseconds since 1970, UTC
    stars: float | None = None  # 0.5 to 5.0; None for a viewing


@dataclass(frozen=True, slots=True)
class UserChange:
    """A person appeared, changed or (``exists`` False) went."""

    user_id: int
    version: int
    exists: bool
    txid: int | None = None  # of the transaction that wrote it, where the stream tells


@dataclass(frozen=True, slots=True)
class MovieChange:
    """A movie as it is now, None when it was deleted."""

    movie_id: int
    version: int
    movie: CatalogueMovie | None


@dataclass(frozen=True, slots=True)
class RatingChange:
    """A rating as it is now, None when it was deleted: a delete names the rating alone, not who rated what."""

    rating_id: int
    version: int
    rating: Opinion | None
    txid: int | None = None


@dataclass(frozen=True, slots=True)
class WatchedChange:
    """A viewing as it is now, None when it was deleted."""

    watched_id: int
    version: int
    watched: Opinion | None
    txid: int | None = None


Change = UserChange | MovieChange | RatingChange | WatchedChange


def read_change(event: MaskedEvent) -> Change:
    """What the event means to the recommender.

    Raises MalformedEvent when a needed column is absent or of another type, or the table is none of the four.
    """
    row, gone = event.row, event.deleted
    try:
        version, txid = _version(event.version), None if event.txid is None else _number(event.txid)
        match event.table:
            case "users":
                return UserChange(_number(row["user_id"]), version, not gone, txid)
            case "movies":
                return MovieChange(_number(row["movie_id"]), version, None if gone else _movie(row))
            case "ratings":
                rating = None if gone else _rating(row)
                return RatingChange(_number(row["rating_id"]), version, rating, txid)
            case "watched_movies":
                watched = None if gone else _watched(row)
                return WatchedChange(_number(row["watched_id"]), version, watched, txid)
    except (LookupError, TypeError, ValueError) as error:
        raise MalformedEvent(
            f"An event of {event.table!r} lacks what its contract promises ({type(error).__name__})."
        ) from None
    raise MalformedEvent(f"The recommender has no use for the table {event.table!r}.")


def _movie(row: Any) -> CatalogueMovie:
    title, year, genre = row["title"], row["release_year"], row["genre"]
    if not isinstance(title, str) or not isinstance(year, int | None) or not isinstance(genre, str | None):
        raise TypeError
    return CatalogueMovie(title, year, genre)


def _rating(row: Any) -> Opinion:
    liked = row["liked"]
    if not isinstance(liked, bool | None):
        raise TypeError
    stars, at = float(row["rating"]), _microseconds(row["rated_at"])
    if not 0.0 <= stars <= MOST_STARS:
        raise ValueError
    score = interaction_score(stars, liked)
    return Opinion(_number(row["user_id"]), _number(row["movie_id"]), True, score, at, stars)


def _watched(row: Any) -> Opinion:
    score, at = interaction_score(None), _microseconds(row["watched_at"])
    return Opinion(_number(row["user_id"]), _number(row["movie_id"]), False, score, at)


def _microseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * MICROSECONDS)


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    if not -LEAST_TOO_LARGE <= value < LEAST_TOO_LARGE:
        raise ValueError
    return value


def _version(value: int) -> int:
    if not 0 <= value < 1 << VERSION_BITS:
        raise ValueError
    return value
