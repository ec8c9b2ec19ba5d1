"""A person leaves the data sets of trainings, and it is told which models have seen them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from training.candidates import Candidate


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What trainings knew of a person.

    A data set is named by the hash of its content, so it is removed and not rewritten: its versions serve on, and can
    no longer be measured anew.
    """

    removed: tuple[str, ...]  # ids of data sets that held them, and are gone
    saw: tuple[int, ...]  # versions that were trained on one of these
    unknown: tuple[int, ...]  # versions whose data set was gone before: nobody can say
    champion: int | None  # the version that serves

    def as_json(self) -> dict[str, Any]:
        return {
            "removed": list(self.removed),
            "saw": list(self.saw),
            "unknown": list(self.unknown),
            "champion": self.champion,
        }


def who_saw(
    versions: Iterable[Candidate], held: Iterable[str], kept: Iterable[str]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The versions that were trained on one of ``held``, and those of which the data set is not even ``kept``."""
    with_them, known = set(held), set(kept)
    versions = sorted(versions, key=lambda one: one.version)
    saw = tuple(one.version for one in versions if one.snapshot in with_them)
    return saw, tuple(one.version for one in versions if one.snapshot not in known)
