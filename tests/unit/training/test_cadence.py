"""When a training is due: not too soon, at least daily, in between when enough has changed."""

from datetime import UTC, datetime, timedelta

import pytest

from training.cadence import Cadence, LastTraining, reason_to_wait

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOURLY = Cadence(most_often=timedelta(hours=1), worth=20)


def waits(hours_ago: float, changes: int) -> str | None:
    return reason_to_wait(LastTraining(7, NOW - timedelta(hours=hours_ago)), changes, HOURLY, NOW)


def test_the_first_training_is_due() -> None:
    assert reason_to_wait(None, 0, HOURLY, NOW) is None


def test_within_an_hour_whatever_has_changed_can_wait() -> None:
    assert "less than 60 minutes ago" in str(waits(0.9, 10_000))


@pytest.mark.parametrize(("changes", "due"), [(0, False), (19, False), (20, True), (500, True)])
def test_in_between_it_depends_on_what_has_changed(changes: int, due: bool) -> None:
    assert (waits(2, changes) is None) == due


def test_the_sentence_counts_the_changes() -> None:
    assert waits(2, 19) == "19 interactions have changed since version 7, and 20 are worth a training."


def test_after_a_day_it_is_due_in_any_case() -> None:
    assert waits(23.9, 0) is None
