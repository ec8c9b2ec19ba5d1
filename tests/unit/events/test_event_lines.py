"""What `tail` prints."""

import io
from datetime import UTC, datetime
from typing import Any

import orjson

from dataflix.contracts import load_contracts
from dataflix.preparation import compile_prepare
from dataflix.settings import PROJECT
from events.lines import LONGEST, REMEMBERED_ROWS, RowLines, console, json_line, notice_line
from events.topic_reader import Received
from tests.debezium import a_rating, a_user, an_event

CONTRACTS = load_contracts(PROJECT / "contracts")
RATINGS, USERS = CONTRACTS.table("ratings"), CONTRACTS.table("users")
PUBLISHED = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
NEWER = 2_000


def received(key: bytes | None, value: bytes | None, topic: str = "masked.ratings") -> Received:
    return Received(topic, 2, 17, PUBLISHED, key, value)


def a_change(row: dict[str, Any], op: str = "c", *, table: str = "ratings", **position: Any) -> Received:
    prepare = compile_prepare(CONTRACTS.table(table), b"")
    event = prepare(an_event(row, op=op, table=table, **position), 0, 0)
    return received(event.key, event.value, f"masked.{table}")


def test_a_new_row_is_shown_whole() -> None:
    line = RowLines(RATINGS).line(a_change(a_rating(7))).plain
    assert line == (
        "2026-01-02 03:04:05.123Z  create     rating_id=7  user_id=3  movie_id=9"
        '  rating="4.5"  liked=true  rated_at="2026-01-02T03:04:05.123456Z"'
    )


def test_of_a_row_that_was_shown_only_what_changed_is() -> None:
    lines = RowLines(RATINGS)
    lines.line(a_change(a_rating(7)))
    changed = a_change(a_rating(7, rating="5.0", liked=None), "u", commit=NEWER, txid=None)
    assert lines.line(changed).plain.endswith('update     rating_id=7  rating: "4.5" → "5.0"  liked: true → null')


def test_long_values_that_differ_behind_the_cut_have_changed() -> None:
    lines = RowLines(USERS)
    lines.line(a_change(a_user(city="x" * 100 + "a"), table="users"))
    line = lines.line(a_change(a_user(city="x" * 100 + "b"), "u", table="users", commit=NEWER)).plain
    assert "city: " in line
    assert "x" * LONGEST not in line


def test_a_change_that_came_late_says_so_and_is_not_taken_for_the_row() -> None:
    lines = RowLines(RATINGS)
    lines.line(a_change(a_rating(7, rating="5.0"), commit=NEWER))
    assert lines.line(a_change(a_rating(7))).plain.endswith("rating_id=7  (not newer than what was shown)")
    newest = lines.line(a_change(a_rating(7, rating="1.0"), "u", commit=3_000)).plain
    assert 'rating: "5.0" → "1.0"' in newest


def test_a_delete_and_its_tombstone_name_the_row() -> None:
    lines = RowLines(RATINGS)
    assert lines.line(a_change(a_rating(7), "d")).plain.endswith("delete     rating_id=7")
    assert lines.line(received(b'{"rating_id":7}', None)).plain == (
        '2026-01-02 03:04:06.000Z  tombstone  {"rating_id":7}'
    )
    again = lines.line(a_change(a_rating(7), commit=NEWER)).plain
    assert "user_id=3" in again


def test_no_more_rows_are_remembered_than_said() -> None:
    lines = RowLines(RATINGS)
    for number in range(REMEMBERED_ROWS + 1):
        lines.line(a_change(a_rating(number)))
    forgotten = lines.line(a_change(a_rating(0), "u", commit=NEWER)).plain
    kept = lines.line(a_change(a_rating(REMEMBERED_ROWS), "u", commit=NEWER)).plain
    assert ("user_id=3" in forgotten, "user_id=3" in kept) == (True, False)


def test_what_a_terminal_would_obey_is_shown_and_not_sent() -> None:
    city = "\x1b[2J\x9b31m\nNew\u202eline"
    line = RowLines(USERS).line(a_change(a_user(city=city), table="users")).plain
    assert line.isprintable()
    assert "New" in line


def test_a_message_that_is_no_masked_event_says_where_it_stands_and_stops_nothing() -> None:
    lines = RowLines(RATINGS)
    for value in (b"unmistakable", b"{}", b"[]"):
        line = lines.line(received(b"key", value)).plain
        assert "partition 2, offset 17  no masked event" in line
        assert "unmistakable" not in line


def test_colours_are_for_terminals_only() -> None:
    line = RowLines(RATINGS).line(a_change(a_rating(7)))
    file, terminal = io.StringIO(), io.StringIO()
    console(file).print(line)
    console(terminal, force_terminal=True, color_system="standard").print(line)
    assert file.getvalue() == line.plain + "\n"
    assert "\x1b[32mcreate" in terminal.getvalue()


def test_a_dead_letter_is_shown_by_its_fields() -> None:
    value = orjson.dumps({"kind": "UnfitValue", "offset": 17})
    line = notice_line(received(b"cdc.public.users/2/17", value, "dead_letters")).plain
    assert line == '2026-01-02 03:04:06.000Z  cdc.public.users/2/17  kind="UnfitValue"  offset=17'


def test_a_line_of_json_holds_coordinates_key_and_value() -> None:
    change = a_change(a_rating(7))
    line = json_line(change)
    assert "\n" not in line
    assert orjson.loads(line) == {
        "topic": "masked.ratings",
        "partition": 2,
        "offset": 17,
        "at": "2026-01-02T03:04:06Z",
        "key": {"rating_id": 7},
        "value": orjson.loads(change.value or b""),
    }


def test_a_line_of_json_has_null_for_a_tombstone_and_text_for_what_is_no_json() -> None:
    assert orjson.loads(json_line(received(b"a/2/17", None)))["key"] == "a/2/17"
    assert orjson.loads(json_line(received(b"{}", None)))["value"] is None
    assert orjson.loads(json_line(received(None, b"\xff")))["value"] == "\ufffd"
