from datetime import UTC, datetime, timedelta

import pytest

from clickhouse.erasure.receipt import Receipt, Rest
from clickhouse.erasure.tables import ServedTable
from clickhouse.erasure.topics import PersonInTopic, mentions_of
from dataflix.contracts import Contracts, Table, load_contracts
from dataflix.settings import PROJECT

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HASH = "0123456789abcdef"


def a_contract(table: str, **columns: str) -> Table:
    described = {name: {"type": type_, "description": "Any"} for name, type_ in columns.items()}
    return Table.model_validate(
        {"table": table, "description": "Any", "key": [next(iter(columns))], "columns": described}
    )


def person_7() -> PersonInTopic:
    return PersonInTopic(mentions_of("user_id", 7, {HASH}))


def test_tables_of_a_person_are_those_that_carry_the_number_of_a_user_and_users_come_last() -> None:
    tables = load_contracts(PROJECT / "contracts").personal_tables()
    assert [(table.name, column) for table, column in tables] == [
        ("ratings", "user_id"),
        ("watched_movies", "user_id"),
        ("users", "user_id"),
    ]


def test_without_a_table_of_people_no_table_is_personal() -> None:
    ratings = a_contract("ratings", rating_id="bigint", user_id="bigint")
    assert Contracts(tables=(ratings,), version="1").personal_tables() == ()


@pytest.mark.parametrize(
    ("value", "mentioned"),
    [
        (b'{"rating_id":1,"user_id":7,"movie_id":2}', True),
        (b'{"movie_id":2,"user_id":7}', True),
        (b'{"rating_id":1,"user_id":70,"movie_id":7}', False),
        (b'{"other_user_id":7,"movie_id":7}', False),
        (b'{"tag_id":1,"title":"\\"user_id\\":7,"}', False),
        (b'{"letter_id":1,"sender":"0123456789abcdef"}', True),
        (b'{"letter_id":1,"sender":"0123456789abcdef0"}', False),
    ],
)
def test_an_event_is_a_persons_when_it_bears_the_number_or_a_hash(value: bytes, *, mentioned: bool) -> None:
    assert (mentions_of("user_id", 7, {HASH}).search(value) is not None) is mentioned


def test_a_row_that_was_deleted_and_entombed_is_gone() -> None:
    topic = person_7()
    topic.take(0, b"k", b'{"user_id":7,"_deleted":0}', NOON)
    assert topic.without_tombstone() == {b"k": 0}
    topic.take(0, b"k", b'{"rating_id":1,"_deleted":1}', NOON + SECOND)
    assert topic.without_tombstone() == {b"k": 0}
    topic.take(0, b"k", None, NOON + SECOND)
    assert topic.without_tombstone() == {}
    assert topic.told_at == [NOON]


def test_a_row_that_went_over_to_somebody_else_is_left_alone() -> None:
    topic = person_7()
    topic.take(2, b"k", b'{"user_id":7,"_deleted":0}', NOON)
    topic.take(2, b"k", b'{"user_id":8,"_deleted":0}', NOON)
    assert topic.without_tombstone() == {}


def test_rows_of_others_are_not_remembered() -> None:
    topic = person_7()
    topic.take(0, b"k", b'{"user_id":8,"_deleted":0}', NOON)
    topic.take(0, b"k", None, NOON)
    assert not topic.newest


def test_a_tombstone_counts_for_the_run_in_which_it_came() -> None:
    topic = person_7()
    topic.take(0, b"k", b'{"user_id":7,"_deleted":0}', NOON)
    topic.take(0, b"k", None, NOON + SECOND)
    assert topic.tombstones_since(NOON) == 1
    assert topic.tombstones_since(NOON + 2 * SECOND) == 0


def test_in_raw_the_mark_of_a_deletion_is_no_row_of_the_person() -> None:
    raw = ServedTable("raw", "ratings", "ReplacingMergeTree", "Int64", ())
    mart = ServedTable("analytics", "users", "MergeTree", "Int64", ())
    assert raw.of_person("user_id").endswith("and _deleted = 0)")
    assert "_deleted" not in mart.of_person("user_id")


def test_a_table_without_people_has_no_row_of_anybody_and_views_have_no_rows_of_their_own() -> None:
    movies = ServedTable("analytics", "stg_movies", "View", None, ())
    assert movies.of_person("user_id") == movies.mentions() == "false"
    assert not movies.holds_rows


def a_receipt(**values: object) -> Receipt:
    defaults = {"user_id": 7, "erased": {"raw.users": 2}, "found": {}, "private_topics_until": NOON}
    return Receipt(**(defaults | values))  # type: ignore[arg-type]


def test_a_receipt_says_what_remains_until_when() -> None:
    receipt = a_receipt(remaining={"masked.users": Rest("earlier events", NOON, 3), "models": Rest("factors")})
    assert receipt.as_json() == {
        "user_id": 7,
        "erased": {"raw.users": 2},
        "remaining": {
            "masked.users": {"what": "earlier events", "until": "2026-01-02T12:00:00Z", "count": 3},
            "models": {"what": "factors", "until": None},
        },
        "private_topics_until": "2026-01-02T12:00:00Z",
        "proof": "clean",
    }


def test_a_receipt_is_clean_only_when_nothing_was_found() -> None:
    receipt = a_receipt(found={"raw.letters": 2, "masked.letters": 1})
    assert not receipt.clean
    assert receipt.proof == "found 2 in raw.letters, 1 in masked.letters"
