"""What the recommender takes from a masked event."""

from typing import Any

import orjson
import pytest

from api.changes import CatalogueMovie, MovieChange, Opinion, RatingChange, UserChange, WatchedChange, read_change
from dataflix.contracts import load_contracts
from dataflix.errors import MalformedEvent
from dataflix.masked_events import MaskedEvent, read_masked_event
from dataflix.recommender import WATCHED_ONLY_SCORE, interaction_score
from dataflix.settings import PROJECT

CONTRACTS = load_contracts(PROJECT / "contracts")
MOMENT, MICROSECONDS = "2026-01-02T03:04:05.123456Z", 1_767_323_045_123_456
RATING = {"rating_id": 5, "user_id": 7, "movie_id": 3, "rating": "4.5", "liked": True, "rated_at": MOMENT}
MOVIE = {"movie_id": 3, "title": "Stalker", "release_year": 1979, "genre": "Drama", "director": "Andrei Tarkovsky"}


def event(table: str, row: dict[str, Any], *, deleted: bool = False) -> MaskedEvent:
    stream = {"_version": str(2**100), "_deleted": int(deleted), "_txid": 1, "_committed_at": MOMENT}
    return read_masked_event(CONTRACTS.table(table), orjson.dumps(row | stream))


def test_a_rating_becomes_a_score_and_a_moment() -> None:
    opinion = Opinion(7, 3, True, interaction_score(4.5, liked=True), MICROSECONDS, stars=4.5)
    assert read_change(event("ratings", RATING)) == RatingChange(5, 2**100, opinion, txid=1)


def test_a_rating_without_a_thumb_is_read() -> None:
    change = read_change(event("ratings", RATING | {"liked": None}))
    assert isinstance(change, RatingChange)
    assert change.rating is not None
    assert change.rating.score == interaction_score(4.5)


def test_a_viewing_counts_as_one_without_stars() -> None:
    row = {"watched_id": 9, "user_id": 7, "movie_id": 3, "watched_at": MOMENT}
    opinion = Opinion(7, 3, False, WATCHED_ONLY_SCORE, MICROSECONDS)
    assert read_change(event("watched_movies", row)) == WatchedChange(9, 2**100, opinion, txid=1)


def test_of_a_movie_only_what_is_shown_is_kept() -> None:
    assert read_change(event("movies", MOVIE)) == MovieChange(3, 2**100, CatalogueMovie("Stalker", 1979, "Drama"))


@pytest.mark.parametrize(
    ("table", "key", "expected"),
    [
        ("users", {"user_id": 7}, UserChange(7, 2**100, exists=False, txid=1)),
        ("movies", {"movie_id": 3}, MovieChange(3, 2**100, None)),
        ("ratings", {"rating_id": 5}, RatingChange(5, 2**100, None, txid=1)),
        ("watched_movies", {"watched_id": 9}, WatchedChange(9, 2**100, None, txid=1)),
    ],
)
def test_a_delete_needs_nothing_but_the_key(table: str, key: dict[str, Any], expected: object) -> None:
    assert read_change(event(table, key, deleted=True)) == expected


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("ratings", RATING | {"user_id": "secret"}),
        ("ratings", RATING | {"user_id": True}),
        ("ratings", RATING | {"rating": "secret"}),
        ("ratings", RATING | {"rating": None}),
        ("ratings", RATING | {"liked": "secret"}),
        ("ratings", RATING | {"rated_at": "secret"}),
        ("ratings", {name: value for name, value in RATING.items() if name != "movie_id"}),
        ("movies", MOVIE | {"title": None}),
        ("movies", MOVIE | {"release_year": "secret"}),
        ("users", {"user_id": "secret"}),
    ],
)
def test_what_breaks_the_contract_is_refused_without_repeating_it(table: str, row: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvent) as malformed:
        read_change(event(table, row))
    assert "secret" not in str(malformed.value)
    assert malformed.value.__cause__ is None
