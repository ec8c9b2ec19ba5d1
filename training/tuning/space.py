"""Which choices are tried: the shipped ones, and others drawn around them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from training.choices import Choices

Draw = Callable[[np.random.Generator], Any]


def one_of(*values: float) -> Draw:
    return lambda draws: values[int(draws.integers(len(values)))]


def between(low: float, high: float) -> Draw:
    return lambda draws: _short(draws.uniform(low, high))


def scaled_between(low: float, high: float) -> Draw:
    """Each factor of the same size is as likely: for what is small or large rather than more or less."""
    return lambda draws: _short(math.exp(draws.uniform(math.log(low), math.log(high))))


# Of what ranks; the stars are a model of their own, and the weights of the blend are chosen by each fit
SPACE: Final[Mapping[str, Draw]] = {
    "n_components": one_of(16, 32, 48, 64, 96),
    "run_length": one_of(10, 20, 40, 70, 100),
    "factor_penalty": scaled_between(1e-4, 1e-2),
    "factor_half_life": scaled_between(1.5, 15.0),
    "factor_floor": one_of(0.0, 0.02, 0.05, 0.1),
    "reach": one_of(20, 35, 50, 75, 100),
    "pair_half_life": scaled_between(3.0, 20.0),
    "backward": between(0.1, 0.8),
    "damping": scaled_between(2.0, 40.0),
    "source_exponent": between(0.4, 1.0),
    "target_exponent": between(0.2, 0.8),
    "neighbours": one_of(100, 200, 400),
    "next_half_life": scaled_between(1.5, 8.0),
    "vote_exponent": between(0.5, 1.0),
    "next_floor": one_of(0.0, 0.01, 0.02, 0.03, 0.05),
    "regression_weight": between(0.0, 2.0),
    "next_ridge": scaled_between(10.0, 500.0),
    "also_ridge": scaled_between(50.0, 1000.0),
    "also_half_life": scaled_between(4.0, 32.0),
    "also_floor": one_of(0.02, 0.05, 0.1),
}


def candidates(count: int, seed: int) -> list[Choices]:
    """``count`` different choices, the shipped ones first. More of them begin with the same ones."""
    draws = np.random.default_rng(seed)
    found = [Choices(seed=seed)]
    while len(found) < count:
        drawn = replace(found[0], **{name: draw(draws) for name, draw in SPACE.items()})
        if drawn not in found:
            found.append(drawn)
    return found


def _short(value: float) -> float:
    return float(f"{value:.3g}")
