"""Which dead letters are one person's."""

from datetime import UTC, datetime

import pytest

from clickhouse.erasure.letters import Traces
from dataflix.dead_letters import DeadLetter
from dataflix.letter_box import Entry
from dataflix.masking import mask_hash
from dataflix.private_log import Record
from tests.debezium import a_rating, an_event

KEY = b"a masking key"
RATINGS = "cdc.public.ratings"
TRACES = Traces("user_id", 7, {RATINGS: frozenset({b'{"rating_id":70}'})}, KEY)


def a_letter(key: bytes | None = None) -> Entry:
    hashed = mask_hash(key.decode(), KEY) if key else None
    letter = DeadLetter(RATINGS, 0, 5, hashed, "UnfitValue", "A reason.", "c0ffee", 0, datetime.now(UTC))
    return Entry(3, letter, "ratings")


def is_the_persons(key: bytes | None, value: bytes | None) -> bool:
    return TRACES.of(a_letter(key), Record(RATINGS, 0, 5, key, value))


@pytest.mark.parametrize(
    "value",
    [
        an_event(a_rating(user_id=7, rating="eleven")),
        an_event(a_rating(user_id="7")),
        an_event(a_rating(user_id=7))[:-150],
        b'{"user_id" : 7}',
    ],
)
def test_a_broken_event_that_names_the_person_is_the_persons(value: bytes) -> None:
    assert is_the_persons(b'{"rating_id":1}', value)


def test_an_event_that_nobody_can_read_is_known_by_the_key_of_its_row() -> None:
    assert is_the_persons(b'{"rating_id":70}', b"\xff\x00")
    assert not is_the_persons(b'{"rating_id":71}', b"\xff\x00")
    assert not is_the_persons(None, None)


@pytest.mark.parametrize("user_id", [70, 77, 17, -7])
def test_an_event_of_somebody_else_is_not_the_persons(user_id: int) -> None:
    assert not is_the_persons(b'{"rating_id":1}', an_event(a_rating(user_id=user_id, movie_id=7)))


def test_a_letter_whose_event_is_gone_is_known_by_the_hash_of_its_key() -> None:
    assert TRACES.of(a_letter(b'{"rating_id":70}'), None)
    assert not TRACES.of(a_letter(b'{"rating_id":7}'), None)
    assert not TRACES.of(a_letter(None), None)
