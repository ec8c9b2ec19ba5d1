"""Whether a candidate may become the champion: a rule over what was measured on one held-out split."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dataflix.recommender.arrays import Float64Array

_CERTAINTY = 1.96  # standard errors: a difference beyond them comes by chance once in twenty times

NDCG = "ndcg_at_10"
POPULARITY = "popularity_ndcg_at_10"
CHAMPION = "champion_ndcg_at_10"
CHAMPION_NOISE = "champion_ndcg_difference_noise"
PEOPLE = "evaluated_people"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided, and why."""

    passed: bool
    reason: str


def measurements(candidate: Float64Array, popularity: Float64Array, champion: Float64Array | None) -> dict[str, float]:
    """What the gate needs to know, as metrics of the candidate's run. The arrays hold one value for each person."""
    metrics = {PEOPLE: float(candidate.size)}
    if not candidate.size:
        return metrics
    metrics |= {NDCG: float(candidate.mean()), POPULARITY: float(popularity.mean())}
    if champion is not None:
        difference = candidate - champion
        spread = float(np.std(difference, ddof=1)) if difference.size > 1 else 0.0
        metrics |= {
            CHAMPION: float(champion.mean()),
            CHAMPION_NOISE: _CERTAINTY * spread / float(np.sqrt(difference.size)),
        }
    return metrics


def decide(metrics: Mapping[str, float]) -> Verdict:
    """Better than popularity, and not worse than the champion beyond noise."""
    if NDCG not in metrics:
        return Verdict(passed=False, reason="Nothing could be held out to measure it on.")
    own, popular = metrics[NDCG], metrics[POPULARITY]
    if own <= popular:
        return Verdict(passed=False, reason=f"NDCG@10 {own:.4f} is not better than popularity's {popular:.4f}.")
    told = f"NDCG@10 {own:.4f} is better than popularity's {popular:.4f}"
    if CHAMPION not in metrics:
        return Verdict(passed=True, reason=f"{told}, and there is no champion to compare with.")
    champion, noise = metrics[CHAMPION], metrics[CHAMPION_NOISE]
    if own < champion - noise:
        reason = f"NDCG@10 {own:.4f} is worse than the champion's {champion:.4f} by more than noise, {noise:.4f}."
        return Verdict(passed=False, reason=reason)
    return Verdict(passed=True, reason=f"{told} and not worse than the champion's {champion:.4f}.")
