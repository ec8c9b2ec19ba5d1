"""Who may follow the champion, and who was it before."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from training.candidates import BEFORE_TAG, COMPARED_TAG, GATE_TAG, REASON_TAG, Candidate, is_stale, objection
from training.roster import Entry


def a_candidate(version: int = 7, **tags: str) -> Candidate:
    return Candidate(version, f"r{version}", datetime(2026, 1, 2, tzinfo=UTC), tags)


def passed(against: str) -> Candidate:
    return a_candidate(**{GATE_TAG: "passed", REASON_TAG: "It is better.", COMPARED_TAG: against})


CHAMPION = a_candidate(3)


def test_who_was_compared_with_the_champion_and_passed_may_follow() -> None:
    assert objection(passed(against="3"), CHAMPION) is None
    assert not is_stale(passed(against="3"), CHAMPION)


def test_where_there_is_no_champion_a_passed_gate_is_enough() -> None:
    assert objection(passed(against="nobody"), None) is None


@pytest.mark.parametrize("against", ["nobody", "2"])
def test_a_verdict_against_another_champion_does_not_hold(against: str) -> None:
    refused = objection(passed(against), CHAMPION)

    assert refused == "It was not compared with version 3, which is the champion now."
    assert is_stale(passed(against), CHAMPION)


def test_who_was_rejected_is_told_why() -> None:
    rejected = a_candidate(**{GATE_TAG: "rejected", REASON_TAG: "It is worse.", COMPARED_TAG: "3"})

    assert objection(rejected, CHAMPION) == "It is worse."


def test_without_the_gate_nobody_follows() -> None:
    assert objection(a_candidate(), None) == "The gate was not asked."
    assert is_stale(a_candidate(), None)


@pytest.mark.parametrize(("tags", "before"), [({BEFORE_TAG: "4"}, 4), ({BEFORE_TAG: "nobody"}, None), ({}, None)])
def test_a_champion_tells_who_was_it_before(tags: dict[str, str], before: int | None) -> None:
    assert replace(CHAMPION, tags=tags).took_over_from == before


def test_a_version_that_was_not_judged_has_no_gate() -> None:
    assert Entry(CHAMPION, True, {}, {}).as_json()["gate"] is None
    told = Entry(passed("3"), False, {"rmse": 1.0}, {"seed": "42"}).as_json()
    assert told["gate"] == {"passed": True, "reason": "It is better.", "compared_with": "3"}
    assert (told["version"], told["champion"], told["trained_at"]) == (7, False, "2026-01-02T00:00:00Z")
