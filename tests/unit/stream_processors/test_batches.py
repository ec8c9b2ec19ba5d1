"""What a batch holds, and what becomes of events that cannot be processed."""

import orjson
import pytest
from fetched import CONTRACTS, MASKING_KEY, NOW, a_batch, a_preparer, a_record, rating_records

from dataflix.change_events import Operation
from dataflix.masking import mask_hash
from stream_processors.patience import TooManyDeadLetters
from tests.debezium import a_rating, a_user, an_event

GOOD = an_event(a_rating(7))
BAD = b'{"op":"c","before":{"email":"unmistakable@example.org"}}'


def test_a_batch_holds_the_rows_of_every_table_and_the_messages_in_their_order() -> None:
    user = a_record(an_event(a_user(1), table="users"), topic="cdc.public.users", key=b'{"user_id":1}')
    batch = a_preparer().prepare([a_batch(*rating_records(7, 8)), a_batch(user)])
    assert {part.table.name: len(part.rows) for part in batch.tables} == {"ratings": 2, "users": 1}
    assert [(message.topic, message.key) for message in batch.messages] == [
        ("masked.ratings", b'{"rating_id":7}'),
        ("masked.ratings", b'{"rating_id":8}'),
        ("masked.users", b'{"user_id":1}'),
    ]
    assert [message.value for message in batch.messages] == [row for part in batch.tables for row in part.rows]


def test_several_partitions_of_a_table_make_one_insert_whose_token_names_them_all() -> None:
    fetched = [a_batch(*rating_records(7, 8, first_offset=40)), a_batch(*rating_records(9, partition=1))]
    (part,) = a_preparer().prepare(fetched).tables
    assert part.token("c0ffee") == "c0ffee/cdc.public.ratings/0:40-41,1:0-0"


def test_a_delete_is_followed_by_a_tombstone() -> None:
    batch = a_preparer().prepare([a_batch(a_record(an_event({"rating_id": 7}, op="d")))])
    event, tombstone = batch.messages
    assert orjson.loads(event.value or b"")["_deleted"] == 1
    assert (tombstone.topic, tombstone.key, tombstone.value) == ("masked.ratings", event.key, None)
    assert batch.tables[0].operations == {Operation.DELETE: 1}
    assert len(batch.tables[0].rows) == 1


def test_a_tombstone_of_the_private_topic_says_nothing_new() -> None:
    batch = a_preparer().prepare([a_batch(a_record(None))])
    assert not batch.messages
    assert not batch.tables[0].rows


def test_only_streamed_changes_count_for_freshness() -> None:
    records = [a_record(an_event(a_rating(1), op="r")), a_record(an_event(a_rating(2), op="u", committed_us=5_000_000))]
    (part,) = a_preparer().prepare([a_batch(*records)]).tables
    assert part.committed_us == [5_000_000]


def test_an_event_that_cannot_be_read_is_set_aside_and_the_others_go_on() -> None:
    records = [a_record(BAD, offset=41), a_record(GOOD, offset=42)]
    batch = a_preparer().prepare([a_batch(*records)])
    assert len(batch.tables[0].rows) == 1
    letter = next(message for message in batch.messages if message.topic == "dead_letters")
    told = orjson.loads(letter.value or b"")
    assert told.pop("contract_version") == CONTRACTS.version
    assert told == {
        "topic": "cdc.public.ratings",
        "partition": 0,
        "offset": 41,
        "key_hash": mask_hash('{"rating_id":7}', MASKING_KEY),
        "kind": "BrokenEnvelope",
        "reason": "The field source is NoneType where dict is due.",
        "epoch": 0,
        "at": "2026-01-02T03:04:05Z",
    }
    assert told["at"] == NOW.isoformat().replace("+00:00", "Z")
    assert batch.tables[0].dead_letters == {"BrokenEnvelope": 1}


@pytest.mark.parametrize(
    "value",
    [
        BAD,
        b"unmistakable@example.org",
        an_event(a_user(1, age="unmistakable"), table="users"),
        an_event(a_user(1), table="unmistakable"),
        an_event(a_user(1), table="users", op="unmistakable"),
        an_event(a_user(1, user_id="unmistakable"), table="users"),
        an_event(a_user(1, created_at="unmistakable"), table="users"),
    ],
)
@pytest.mark.parametrize("key", [b"unmistakable@example.org", b"\xff unmistakable", None])
def test_nothing_of_an_event_reaches_its_dead_letter(value: bytes, key: bytes | None) -> None:
    batch = a_preparer().prepare([a_batch(a_record(value, topic="cdc.public.users", key=key))])
    (letter,) = batch.messages
    assert letter.topic == "dead_letters"
    assert b"unmistakable" not in letter.key + (letter.value or b"")


def test_a_repeated_dead_letter_replaces_itself() -> None:
    first, again = (a_preparer().prepare([a_batch(a_record(BAD, offset=41))]).messages for _ in range(2))
    assert first == again


def test_too_many_dead_letters_in_a_row_are_an_outage() -> None:
    preparer = a_preparer(limit=3)
    preparer.prepare([a_batch(a_record(BAD), a_record(BAD))])
    with pytest.raises(TooManyDeadLetters, match="3 events of ratings in a row"):
        preparer.prepare([a_batch(a_record(BAD))])


def test_dead_letters_among_good_events_are_not() -> None:
    preparer = a_preparer(limit=3)
    batch = preparer.prepare([a_batch(*[a_record(BAD), a_record(BAD), a_record(GOOD)] * 5)])
    assert batch.tables[0].dead_letters == {"BrokenEnvelope": 10}


def test_good_events_of_one_table_do_not_hide_the_outage_of_another() -> None:
    preparer = a_preparer(limit=3)
    good, bad = a_batch(a_record(GOOD)), a_batch(a_record(BAD, topic="cdc.public.users"))
    preparer.prepare([good, bad, good, bad])
    with pytest.raises(TooManyDeadLetters, match="users"):
        preparer.prepare([good, bad])
