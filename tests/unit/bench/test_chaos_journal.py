"""The verdict on a load: what counts as lost, doubled or altered."""

import pytest

from bench.chaos.journal import Change, Journal, Row, Verdict, judge

KEPT, GONE = Row("ratings", 1), Row("ratings", 2)


def a_journal() -> Journal:
    """One row inserted and updated, another inserted and deleted."""
    journal = Journal()
    for change in (Change(KEPT, 1), Change(GONE, 2), Change(KEPT, 3), Change(GONE, None)):
        journal.committed(change)
    return journal


def test_a_place_that_shows_the_newest_state_of_every_row_is_in_order() -> None:
    journal = a_journal()
    verdict = judge(journal, [{KEPT: [3]}, {KEPT: [3]}], journal.changes)
    assert verdict == Verdict(lost=0, duplicated=0, mismatched=0)
    assert verdict.spotless


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({}, Verdict(lost=1, duplicated=0, mismatched=0)),
        ({KEPT: [1]}, Verdict(lost=1, duplicated=0, mismatched=0)),
        ({KEPT: [3], GONE: [2]}, Verdict(lost=1, duplicated=0, mismatched=0)),
        ({KEPT: [3, 3]}, Verdict(lost=0, duplicated=1, mismatched=0)),
        ({KEPT: [1, 3]}, Verdict(lost=0, duplicated=1, mismatched=0)),
        ({KEPT: [4]}, Verdict(lost=0, duplicated=0, mismatched=1)),
        ({KEPT: [3], Row("ratings", 9): [5]}, Verdict(lost=0, duplicated=0, mismatched=1)),
    ],
    ids=["absent", "stale", "not deleted", "twice", "old and new", "never committed", "a row of nobody"],
)
def test_a_place_that_shows_anything_else_is_not(found: dict[Row, list[int]], verdict: Verdict) -> None:
    journal = a_journal()
    assert judge(journal, [found], journal.changes) == verdict


def test_a_change_that_no_masked_topic_carried_is_lost_even_when_a_later_one_hides_it() -> None:
    journal = a_journal()
    assert judge(journal, [{KEPT: [3]}], journal.changes - {Change(KEPT, 1)}).lost == 1


def test_a_change_that_is_missing_everywhere_is_counted_once() -> None:
    journal = a_journal()
    assert judge(journal, [{}, {}], journal.changes - {Change(KEPT, 3)}).lost == 1


def test_journals_of_several_writers_add_up() -> None:
    other = Journal(unknown=2)
    other.committed(Change(Row("users", 7), 4))
    whole = Journal.merged([a_journal(), other])
    assert len(whole.changes) == 5
    assert whole.newest == {KEPT: 3, GONE: None, Row("users", 7): 4}
    assert whole.unknown == 2
