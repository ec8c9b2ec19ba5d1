"""Which versions saw a person is told by the data sets that they were trained on."""

from datetime import UTC, datetime

from training.candidates import SNAPSHOT_TAG, Candidate
from training.forgetting import who_saw


def a_version(number: int, snapshot: str | None) -> Candidate:
    tags = {SNAPSHOT_TAG: snapshot} if snapshot else {}
    return Candidate(number, f"r{number}", datetime(2026, 1, 2, tzinfo=UTC), tags)


def test_versions_of_a_data_set_with_the_person_saw_them() -> None:
    versions = [a_version(4, "with"), a_version(3, "without"), a_version(2, "with")]

    assert who_saw(versions, held=["with"], kept=["with", "without"]) == ((2, 4), ())


def test_of_versions_whose_data_set_is_gone_nobody_can_say() -> None:
    versions = [a_version(3, "without"), a_version(2, "expired"), a_version(1, None)]

    assert who_saw(versions, held=[], kept=["without"]) == ((), (1, 2))
