"""What a person is told of a registered version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.candidates import COMPARED_TAG, FORCED_TAG, SINCE_TAG, WITHDRAWN_TAG, Candidate


@dataclass(frozen=True, slots=True)
class Entry:
    """A version with what its run records."""

    candidate: Candidate
    is_champion: bool
    metrics: Mapping[str, float]
    params: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """``gate`` is null where it was not asked; its ``reason`` says why a version was refused."""
        tags, verdict = self.candidate.tags, self.candidate.verdict
        return {
            "version": self.candidate.version,
            "run_id": self.candidate.run_id,
            "trained_at": self.candidate.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "champion": self.is_champion,
            "champion_since": tags.get(SINCE_TAG),
            "took_over_from": self.candidate.took_over_from,
            "withdrawn": tags.get(WITHDRAWN_TAG),
            "forced": tags.get(FORCED_TAG),
            "snapshot": self.candidate.snapshot,
            "engine": tags.get("engine"),
            "gate": verdict
            and {"passed": verdict.passed, "reason": verdict.reason, "compared_with": tags.get(COMPARED_TAG)},
            "metrics": dict(self.metrics),
            "params": dict(self.params),
        }
