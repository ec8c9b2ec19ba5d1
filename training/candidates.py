"""A registered version as training knows it, and what its tags tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from training.gate import Verdict

SNAPSHOT_TAG: Final = "snapshot"  # id of the data set
PURPOSE_TAG: Final = "trained_for"  # who asked for it, so that a repeated step finds it
GATE_TAG: Final = "gate"
REASON_TAG: Final = "gate_reason"
COMPARED_TAG: Final = "compared_with"  # version of the champion that it was measured beside
SINCE_TAG: Final = "champion_since"
BEFORE_TAG: Final = "champion_before"  # version that it took the alias from
FORCED_TAG: Final = "forced"  # why it was promoted against the gate
WITHDRAWN_TAG: Final = "withdrawn"  # when and why it was rolled back
PASSED: Final = "passed"
REJECTED: Final = "rejected"
NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A registered version. Its tags are those of the moment when it was asked for."""

    version: int
    run_id: str
    at: datetime
    tags: Mapping[str, str]

    @property
    def snapshot(self) -> str | None:
        """Id of the data set that it was trained on."""
        return self.tags.get(SNAPSHOT_TAG)

    @property
    def verdict(self) -> Verdict | None:
        """What the gate decided; None when it has not been asked."""
        if GATE_TAG not in self.tags:
            return None
        return Verdict(passed=self.tags[GATE_TAG] == PASSED, reason=self.tags.get(REASON_TAG, ""))

    @property
    def took_over_from(self) -> int | None:
        """The champion before it; None where there was none, or where it never was the champion."""
        before = self.tags.get(BEFORE_TAG, NOBODY)
        return int(before) if before.isdecimal() else None


def objection(candidate: Candidate, champion: Candidate | None) -> str | None:
    """Why ``candidate`` may not follow ``champion``, as a sentence; None when it may.

    A verdict holds against the champion that it was found against, and against no other.
    """
    verdict = candidate.verdict
    if verdict is None:
        return "The gate was not asked."
    if not verdict.passed:
        return verdict.reason
    if champion is not None and candidate.tags.get(COMPARED_TAG) != str(champion.version):
        return f"It was not compared with version {champion.version}, which is the champion now."
    return None


def is_stale(candidate: Candidate, champion: Candidate | None) -> bool:
    """Whether the gate has to be asked, or asked anew, before anybody can say."""
    return candidate.verdict is None or (
        champion is not None and candidate.tags.get(COMPARED_TAG) != str(champion.version)
    )
