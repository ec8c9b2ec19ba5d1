"""Which rows of a masked topic another key masked, and what a receipt says of it."""

from datetime import UTC, datetime, timedelta

import orjson

from clickhouse.erasure.receipt import Rest
from clickhouse.remasking.receipt import RemaskingReceipt
from clickhouse.remasking.topic_side import OldKeyInTopic
from dataflix.contracts import load_contracts
from dataflix.masking import key_id
from dataflix.preparation import compile_prepare
from dataflix.settings import PROJECT
from tests.debezium import a_rating, a_user, an_event

CONTRACTS = load_contracts(PROJECT / "contracts")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NEW = b"the new key"


def masked(key: bytes, op: str = "c", **columns: object) -> bytes:
    prepare = compile_prepare(CONTRACTS.table("users"), key)
    return prepare(an_event(a_user(7, **columns), op=op, table="users"), 0, 0).value


def read(*values: bytes | None) -> OldKeyInTopic:
    """What is known after messages of one row, an hour between them."""
    topic = OldKeyInTopic(key_id(NEW))
    for hours, value in enumerate(values):
        topic.take(0, b"k", value, NOON + timedelta(hours=hours))
    return topic


def test_an_event_names_the_key_that_hashed_it_where_a_column_is_hashed() -> None:
    assert orjson.loads(masked(NEW))["_key_id"] == key_id(NEW)
    assert orjson.loads(masked(b""))["_key_id"] == "plain"
    rating = compile_prepare(CONTRACTS.table("ratings"), NEW)(an_event(a_rating()), 0, 0)
    assert b"_key_id" not in masked(NEW, op="d") + rating.value


def test_a_row_under_another_key_is_outdated_until_the_new_key_masked_it() -> None:
    assert read(masked(b"old")).outdated == {b"k"}
    done = read(masked(b"old"), masked(b""), masked(NEW))
    assert (done.outdated, done.superseded) == (set(), 2)
    assert done.newest_old_at == NOON + timedelta(hours=1)


def test_an_old_event_behind_a_new_one_counts_again() -> None:
    assert read(masked(NEW), masked(b"old")).outdated == {b"k"}


def test_a_row_that_was_deleted_has_no_hash() -> None:
    assert read(masked(b"old"), masked(b"old", op="d"), None).outdated == set()
    assert read(masked(b"old", op="d")).newest_old_at is None


def test_an_event_from_before_key_ids_is_of_another_key() -> None:
    event = orjson.loads(masked(NEW))
    del event["_key_id"]
    assert read(orjson.dumps(event)).outdated == {b"k"}


def test_no_text_of_a_row_is_taken_for_the_key_id_or_for_a_deletion() -> None:
    city = f'"_key_id":"{key_id(NEW)}","_deleted":1'
    assert read(masked(b"old", city=city)).outdated == {b"k"}


def test_a_receipt_names_keys_by_their_ids_and_says_what_remains_until_when() -> None:
    rest = {"masked.users": Rest("earlier", NOON, 8)}
    receipt = RemaskingReceipt(key_id(NEW), ("plain",), {"raw.users": 8}, {"raw.users": 9}, {}, rest)
    assert receipt.as_json() == {
        "key_id": key_id(NEW),
        "previous": ["plain"],
        "remasked": {"raw.users": 8},
        "erased": {"raw.users": 9},
        "remaining": {"masked.users": {"what": "earlier", "until": "2026-01-02T12:00:00Z", "count": 8}},
        "proof": "clean",
    }


def test_what_a_scan_found_is_said() -> None:
    receipt = RemaskingReceipt(key_id(NEW), (), {}, {}, {"analytics.mart": 2}, {})
    assert not receipt.clean
    assert receipt.proof == "found 2 in analytics.mart"
