"""From a change event to its masked event."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflix.change_events import EPOCH_HEADER, BrokenEnvelope, Operation
from dataflix.contracts import load_contracts
from dataflix.errors import MalformedEvent
from dataflix.masked_events import read_masked_event
from dataflix.masking import mask_hash
from dataflix.preparation import ForeignTable, MissingValue, UnorderableChange, compile_prepare
from dataflix.settings import PROJECT
from dataflix.values import UNAVAILABLE, UnavailableValue
from dataflix.versions import RowVersion
from tests.debezium import a_rating, a_user, an_event

CONTRACTS = load_contracts(PROJECT / "contracts")
RATINGS, USERS, MOVIES = (CONTRACTS.table(name) for name in ("ratings", "users", "movies"))
KEY = b"a masking key"
rating = compile_prepare(RATINGS, KEY)
user = compile_prepare(USERS, KEY)
movie = compile_prepare(MOVIES, KEY)


def a_movie(number: int = 9, **columns: Any) -> dict[str, Any]:
    named: dict[str, Any] = dict.fromkeys(MOVIES.by_name)
    return named | {"movie_id": number, "title": "Alien", "created_at": "2026-01-02T03:04:05Z"} | columns


def test_a_rating_becomes_a_flat_event_with_its_version_and_origin() -> None:
    event = rating(an_event(a_rating(7), op="u", commit=1_000, lsn=1_100, txid=771), 2, 42)
    assert event.key == b'{"rating_id":7}'
    assert event.operation is Operation.UPDATE
    assert orjson.loads(event.value) == a_rating(7) | {
        "_version": str(RowVersion(0, 1_000, is_change=True, lsn=1_100).packed()),
        "_deleted": 0,
        "_op": "u",
        "_commit_lsn": 1_000,
        "_txid": 771,
        "_committed_at": "2026-01-02T03:04:05.123456Z",
        "_topic": "cdc.public.ratings",
        "_partition": 2,
        "_offset": 42,
    }


def test_columns_come_in_the_order_of_the_contract_whatever_the_order_of_the_event() -> None:
    shuffled = dict(reversed(a_rating(7).items()))
    assert list(orjson.loads(rating(an_event(shuffled), 0, 0).value))[:6] == list(RATINGS.by_name)


def test_personal_values_are_masked() -> None:
    masked = orjson.loads(user(an_event(a_user(1), table="users"), 0, 0).value)
    assert masked["first_name"] == "J***"
    assert masked["last_name"] == "D**"
    assert masked["email"] == mask_hash("unmistakable@example.org", KEY)
    assert masked["username"] == mask_hash("unmistakable_login", KEY)
    assert (masked["city"], masked["state"], masked["age"]) == ("Wellington", None, 31)


texts = st.text(min_size=6, max_size=40).filter(lambda text: "*" not in text and text != UNAVAILABLE)


@given(texts, texts, texts, texts)
def test_no_personal_value_survives_its_mask(username: str, email: str, first: str, last: str) -> None:
    row = a_user(1, username=username, email=email, first_name=first, last_name=last)
    event = user(an_event(row, table="users"), 0, 0)
    seen = orjson.loads(event.value)
    for clear in (username, email, first, last):
        assert clear not in (seen["username"], seen["email"], seen["first_name"], seen["last_name"])
        assert clear.encode() not in event.key
    assert set(seen["first_name"][1:]) <= {"*"}
    assert len(seen["username"]) == len(seen["email"]) == 16


def test_a_delete_carries_its_key_and_nothing_that_debezium_filled_in() -> None:
    before = a_user(1, username="", email="", first_name=None, created_at="1970-01-01T00:00:00Z")
    event = user(an_event(before, op="d", table="users"), 0, 0)
    read = read_masked_event(USERS, event.value)
    assert read.row == {"user_id": 1}
    assert (read.key, read.deleted) == ((1,), True)


def test_a_column_that_no_contract_names_is_left_out_and_reported() -> None:
    event = rating(an_event(a_rating(7, phone="+64 555 0100")), 0, 0)
    assert event.unnamed == {"phone"}
    assert b"555" not in event.value


def test_an_event_from_before_a_nullable_column_came_has_null_there() -> None:
    row = a_rating(7)
    del row["liked"]
    assert orjson.loads(rating(an_event(row), 0, 0).value)["liked"] is None


@pytest.mark.parametrize("row", [a_rating(7, user_id=None), {"rating_id": 7}])
def test_a_column_that_needs_a_value_is_missed(row: dict[str, Any]) -> None:
    with pytest.raises(MissingValue, match="user_id"):
        rating(an_event(row), 0, 0)


def test_the_placeholder_of_an_unchanged_description_is_never_stored() -> None:
    with pytest.raises(UnavailableValue, match="description"):
        movie(an_event(a_movie(description=UNAVAILABLE), op="u", table="movies"), 0, 0)


def test_an_event_of_another_table_is_refused() -> None:
    with pytest.raises(ForeignTable, match=r"public\.ratings"):
        rating(an_event(a_user(1), table="users"), 0, 0)


@pytest.mark.parametrize("odd", [{"commit": 1 << 56}, {"lsn": 1 << 63}, {"lsn": -1}, {"committed_us": 1 << 54}])
def test_a_change_that_cannot_be_ordered_is_refused(odd: dict[str, int]) -> None:
    with pytest.raises(UnorderableChange):
        rating(an_event(a_rating(7), **odd), 0, 0)


def test_the_epoch_of_the_message_leads_the_version() -> None:
    headers = (("of somebody else", b"7"), (EPOCH_HEADER, b"3"))
    event = rating(an_event(a_rating(7), op="r", commit=None, lsn=5), 0, 0, headers)
    assert RowVersion.unpacked(read_masked_event(RATINGS, event.value).version) == RowVersion(3, 0, False, 5)


def test_a_message_that_tells_no_epoch_is_of_the_first() -> None:
    event = rating(an_event(a_rating(7), commit=9, lsn=5), 0, 0)
    assert RowVersion.unpacked(read_masked_event(RATINGS, event.value).version) == RowVersion(0, 9, True, 5)


@pytest.mark.parametrize(
    ("told", "kind"), [(b"", BrokenEnvelope), (b"one", BrokenEnvelope), (b"256", UnorderableChange)]
)
def test_an_epoch_that_is_none_is_refused(told: bytes, kind: type[MalformedEvent]) -> None:
    with pytest.raises(kind):
        rating(an_event(a_rating(7)), 0, 0, ((EPOCH_HEADER, told),))


def test_a_masked_event_is_read_back() -> None:
    event = read_masked_event(RATINGS, rating(an_event(a_rating(7), txid=None), 0, 0).value)
    assert (event.table, event.key, event.deleted, event.txid) == ("ratings", (7,), False, None)
    assert event.row == a_rating(7)
    assert event.committed_at == datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", [b"", b"null", b"[]", b"{}", b'{"rating_id":7,"_version":"x"}', b'{"rating_id":7,"_version":"1"}']
)
def test_what_is_no_masked_event_is_refused_by_its_reader(value: bytes) -> None:
    with pytest.raises(MalformedEvent, match=r"masked\.ratings"):
        read_masked_event(RATINGS, value)


def mutations() -> st.SearchStrategy[Callable[[bytes], bytes]]:
    """Damage as it happens to bytes: cut, flipped, doubled."""
    return st.one_of(
        st.integers(0, 900).map(lambda at: lambda value: value[:at]),
        st.tuples(st.integers(0, 900), st.integers(0, 255)).map(
            lambda flip: lambda value: value[: flip[0]] + bytes([flip[1]]) + value[flip[0] + 1 :]
        ),
        st.just(lambda value: value + value),
    )


@given(mutations())
def test_damaged_events_are_prepared_or_malformed_and_never_crash(damage: Callable[[bytes], bytes]) -> None:
    told: object
    try:
        told = user(damage(an_event(a_user(1), table="users")), 0, 0).value
    except MalformedEvent as error:
        told = error
    assert "unmistakable" not in str(told)
