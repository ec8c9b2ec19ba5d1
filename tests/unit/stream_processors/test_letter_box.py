"""Which letters wait, and which of them a person means."""

from datetime import timedelta

import pytest
from fetched import CONTRACTS, NOW

from dataflix.dead_letters import TOPIC, Coordinates, DeadLetter, Ending, Resolution
from dataflix.letter_box import Box, Selection, fold
from dataflix.private_log import Record


def a_letter(offset: int, *, table: str = "ratings", kind: str = "UnfitValue", hours: float = 0) -> DeadLetter:
    at = NOW - timedelta(hours=hours)
    return DeadLetter(f"cdc.public.{table}", 2, offset, None, kind, "The reason.", "c0ffee", 0, at)


def a_box(*messages: DeadLetter | tuple[DeadLetter, Ending] | bytes) -> Box:
    """The messages in the order of the topic: letters, resolutions of them, or bytes of others."""
    records = []
    for number, message in enumerate(messages):
        if isinstance(message, bytes):
            key, value = b"key", message
        elif isinstance(message, DeadLetter):
            key, value = message.key(), message.value()
        else:
            key, value = message[0].key(), Resolution(message[1], NOW).value()
        records.append(Record(TOPIC, 0, number, key, value))
    return fold(records, CONTRACTS)


def test_a_letter_waits_as_it_was_written() -> None:
    (entry,) = a_box(a_letter(41)).waiting
    assert (entry.number, entry.table, entry.letter) == (0, "ratings", a_letter(41))
    assert entry.coordinates == Coordinates("cdc.public.ratings", 2, 41)


@pytest.mark.parametrize("ending", Ending)
def test_what_somebody_is_done_with_waits_no_longer_and_can_still_be_shown(ending: Ending) -> None:
    box = a_box(a_letter(41), a_letter(42), (a_letter(41), ending))
    assert [entry.letter.offset for entry in box.waiting] == [42]
    assert [entry.resolution and entry.resolution.ending for entry in box.entries] == [ending, None]


def test_a_repeated_letter_waits_once_and_one_behind_its_resolution_waits_again() -> None:
    box = a_box(a_letter(41), a_letter(41))
    assert [entry.number for entry in box.waiting] == [1]
    assert len(a_box(a_letter(41), (a_letter(41), Ending.REPLAYED), a_letter(41)).waiting) == 1


def test_a_resolution_that_outlived_its_letter_says_nothing() -> None:
    assert not a_box((a_letter(41), Ending.REPLAYED)).entries


def test_messages_of_others_are_counted_and_hide_no_letter() -> None:
    box = a_box(b"", b"[]", b"{}", b'{"at":"soon"}', b'{"at":"2026-01-02T00:00:00Z","ending":"x"}', a_letter(41))
    assert (box.unreadable, len(box.waiting)) == (5, 1)


def test_a_table_without_a_contract_keeps_the_name_of_its_topic() -> None:
    assert a_box(a_letter(41, table="tags")).waiting[0].table == "tags"


@pytest.mark.parametrize(
    ("selection", "offsets"),
    [
        (Selection(), [1, 2, 3]),
        (Selection(numbers=frozenset({0, 2})), [1, 3]),
        (Selection(tables=frozenset({"users"})), [2]),
        (Selection(kinds=frozenset({"UnreadableEvent"})), [3]),
        (Selection(older_than=timedelta(hours=2)), [2, 3]),
        (Selection(newer_than=timedelta(hours=2)), [1]),
        (Selection(tables=frozenset({"ratings"}), older_than=timedelta(hours=2)), [3]),
    ],
)
def test_a_selection_narrows_by_everything_that_it_names(selection: Selection, offsets: list[int]) -> None:
    box = a_box(a_letter(1, hours=1), a_letter(2, table="users", hours=2), a_letter(3, kind="UnreadableEvent", hours=3))
    assert [entry.letter.offset for entry in selection.of(box.waiting, NOW)] == offsets
    assert selection.everything == (len(offsets) == 3)
