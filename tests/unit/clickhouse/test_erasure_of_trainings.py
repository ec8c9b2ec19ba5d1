"""An erasure tells which models saw the person, or why nobody can say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clickhouse.erasure.trainings import forget_in_trainings, models_sentence, unanswered
from dataflix.settings import Settings


def an_answer(**values: Any) -> dict[str, Any]:
    return {"removed": [], "saw": [], "unknown": [], "champion": None} | values


def test_versions_that_saw_the_person_are_named_with_the_champion() -> None:
    told = models_sentence(an_answer(saw=[3, 4, 5, 9], champion=9))

    assert "among others: 3-5, 9, the champion among them" in told


def test_versions_of_which_nobody_can_say_are_named_apart() -> None:
    told = models_sentence(an_answer(saw=[3], unknown=[1, 2], champion=4))

    assert "among others: 3." in told
    assert told.endswith("nobody can say: 1-2")


def test_where_no_model_saw_the_person_none_is_named() -> None:
    assert ":" not in models_sentence(an_answer())


def test_data_sets_that_could_not_be_looked_through_say_until_when_they_stay() -> None:
    until = datetime(2026, 1, 2, tzinfo=UTC)

    left = unanswered(7, until)

    assert left["snapshots"].until == until
    assert "`python -m training forget 7`" in left["snapshots"].what
    assert "models" in left


def test_an_erasure_goes_on_where_no_object_store_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAFLIX_S3_PORT", "1")
    monkeypatch.setenv("DATAFLIX_PORT_OFFSET", "0")

    removed, left = forget_in_trainings(Settings(), 7)

    assert removed == 0
    assert left["snapshots"].until is not None
