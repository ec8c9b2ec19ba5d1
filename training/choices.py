"""What a person chooses about a training."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Choices:
    """The hyper-parameters of a model; each is logged with it.

    What ships was chosen by validation inside the training part of MovieLens latest-small (docs/recommendations.md).
    """

    seed: int = 42
    # factors: a non-negative factorisation of runs of consecutive interactions
    n_components: int = 32  # factors of each movie
    max_iter: int = 40
    run_length: int = 100  # interactions, about
    factor_penalty: float = 1e-3
    factor_half_life: float = 10.0  # interactions of a history until the weight has halved
    factor_floor: float = 0.05
    # next items: who chose this went on to that
    reach: int = 50  # interactions between the two, at most
    pair_half_life: float = 8.0
    backward: float = 0.35  # weight of "came from", where "went on to" weighs 1
    damping: float = 10.0  # people, added to a movie's popularity
    source_exponent: float = 0.7
    target_exponent: float = 0.5
    neighbours: int = 200  # kept for each movie
    vote_exponent: float = 0.7  # of what a neighbour says: below 1, several that agree count more beside a strong one
    next_half_life: float = 2.5  # interactions of a history until the weight has halved
    next_floor: float = 0.02
    next_reach: int = 400  # interactions of a history that say something, at most
    # next items, by regression: a neighbour that another one explains says less
    regression_weight: float = 0.5  # what it says in all, where the counts say 1
    next_ridge: float = 30.0
    # also chosen, whenever: EASE^R of whole histories
    also_ridge: float = 400.0
    also_half_life: float = 16.0
    also_floor: float = 0.05
    also_reach: int = 400
    # of both regressions
    fewest_regressed: int = 10  # people who chose a movie that takes part
    most_regressed: int = 4000  # movies that take part; memory and time grow with its square and cube
    # the blend, unless other weights are better beyond noise; next items weigh 1
    factor_weight: float = 0.2
    also_weight: float = 0.15
    popularity_weight: float = 0.1
    # stars
    item_shrinkage: float = 4.0  # ratings at the mean that are added to a movie's own
    person_shrinkage: float = 4.0
    star_factors: int = 12
    star_ridge: float = 15.0


SHIPPED: Final = Choices()


def recorded_choices(params: Mapping[str, str]) -> Choices:
    """The choices that a run of MLflow records; where it does not record one, what ships."""
    kept = {}
    for name, value in asdict(SHIPPED).items():
        with suppress(KeyError, ValueError):
            kept[name] = type(value)(params[name])
    return Choices(**kept)
