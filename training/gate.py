"""Whether a candidate may become the champion: a rule over what was measured on one held-out split."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflix.recommender.arrays import Float64Array
from training.evaluation.bootstrap import Interval, interval, mean_difference_of

NDCG: Final = "ndcg_at_10"
POPULARITY: Final = "popularity_ndcg_at_10"
CHAMPION: Final = "champion_ndcg_at_10"
PEOPLE: Final = "evaluated_people"
AGAINST_POPULARITY: Final = "popularity_ndcg_difference"  # the candidate's less its, person by person
AGAINST_CHAMPION: Final = "champion_ndcg_difference"
LOWER, UPPER = "_lower", "_upper"  # ends of the 95% bootstrap interval of a difference


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided, and why."""

    passed: bool
    reason: str


def measurements(
    candidate: Float64Array, popularity: Float64Array, champion: Float64Array | None, seed: int
) -> dict[str, float]:
    """What the gate needs to know, as metrics of the candidate's run. The arrays hold one value for each person."""
    metrics = {PEOPLE: float(candidate.size)}
    if not candidate.size:
        return metrics
    metrics |= {NDCG: float(candidate.mean()), POPULARITY: float(popularity.mean())}
    metrics |= _told(AGAINST_POPULARITY, _difference(candidate, popularity, seed))
    if champion is not None:
        metrics |= {CHAMPION: float(champion.mean())} | _told(AGAINST_CHAMPION, _difference(candidate, champion, seed))
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
    ends = metrics.get(AGAINST_CHAMPION + LOWER), metrics.get(AGAINST_CHAMPION + UPPER)
    if ends[0] is None or ends[1] is None:
        reason = "An earlier release measured it, in another way: measure it again."
        return Verdict(passed=False, reason=reason)
    champion = metrics[CHAMPION]
    noise = f"the difference is {own - champion:+.4f}, 95% interval {ends[0]:+.4f} to {ends[1]:+.4f}"
    if ends[1] < 0:
        reason = f"NDCG@10 {own:.4f} is worse than the champion's {champion:.4f}, beyond noise: {noise}."
        return Verdict(passed=False, reason=reason)
    return Verdict(passed=True, reason=f"{told} and not worse than the champion's {champion:.4f}: {noise}.")


def _difference(candidate: Float64Array, other: Float64Array, seed: int) -> Interval:
    """Of the means, with people drawn in pairs: whoever is hard for both is hard for both in each draw."""
    ones = np.ones(candidate.size)
    return interval(np.column_stack([candidate, ones, other, ones]), mean_difference_of, seed)


def _told(name: str, difference: Interval) -> dict[str, float]:
    return {name: difference.value, name + LOWER: difference.lower, name + UPPER: difference.upper}
