"""What the people of a simulation do, one action after another: they look around, watch something, and rate it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from dataflix.recommender.arrays import Rows
from training.simulation.world import World

SHOWN: Final = 20  # movies that somebody meets while browsing
CHOOSINESS: Final = 4.0  # how much more likely somebody watches what is to their taste: e to this
WATCHES: Final = 0.7  # who has looked around, or looks again
RATES: Final = 0.7  # who has watched something
CHANGES_MIND: Final = 0.05  # before looking around, about something rated before
DAILY_MOOD: Final = 0.5  # stars
LIKES_FROM, DISLIKES_TO = 4.0, 2.0  # stars that come with a thumb up, or down
_ACTIONS = 3  # part of the seed


class Browse(NamedTuple):
    """Somebody looks at what is recommended to them."""

    at: float  # seconds since the simulation began
    person: int  # row in the world


class Watch(NamedTuple):
    """Somebody watches a movie, for the first time."""

    at: float
    person: int
    movie_id: int


class Rate(NamedTuple):
    """Somebody rates what they have watched, for the first time or anew."""

    at: float
    person: int
    movie_id: int
    stars: float
    liked: bool | None


Action = Browse | Watch | Rate


@dataclass(slots=True)
class _Mind:
    """Where somebody stands."""

    shown: Rows | None = None
    watched: int | None = None  # row of a movie that is just over
    seen: set[int] = field(default_factory=set)
    rated: list[int] = field(default_factory=list)


def actions(world: World, rate: float, seed: int) -> Iterator[Action]:
    """Without an end, in the order of time, ``rate`` of them a second on average. Deterministic for world and seed."""
    draws = np.random.default_rng([seed, _ACTIONS])
    minds = [_Mind() for _ in range(world.people)]
    at = 0.0
    while True:
        at += draws.exponential(1 / rate)
        person = int(np.searchsorted(world.active, draws.random(), side="right"))
        yield _next(world, minds[person], at, person, draws)


def _next(world: World, mind: _Mind, at: float, person: int, draws: np.random.Generator) -> Action:
    if mind.watched is not None:
        row, mind.watched = mind.watched, None
        if draws.random() < RATES:
            mind.rated.append(row)
            return _rate(world, at, person, row, draws)
    elif mind.shown is not None:
        unseen = np.array([row for row in np.unique(mind.shown) if int(row) not in mind.seen], dtype=np.intp)
        mind.shown = None
        if unseen.size and draws.random() < WATCHES:
            weights = np.exp(CHOOSINESS * world.liking(person, unseen))
            row = int(draws.choice(unseen, p=weights / weights.sum()))
            mind.watched = row
            mind.seen.add(row)
            return Watch(at, person, int(world.movie_ids[row]))
    if mind.rated and draws.random() < CHANGES_MIND:
        return _rate(world, at, person, mind.rated[int(draws.integers(len(mind.rated)))], draws)
    mind.shown = np.searchsorted(world.met, draws.random(SHOWN), side="right")
    return Browse(at, person)


def _rate(world: World, at: float, person: int, row: int, draws: np.random.Generator) -> Rate:
    felt = world.expected_stars(person, row) + draws.normal(scale=DAILY_MOOD)
    stars = min(max(math.floor(2 * felt + 0.5) / 2, 0.5), 5.0)
    liked = True if stars >= LIKES_FROM else False if stars <= DISLIKES_TO else None
    return Rate(at, person, int(world.movie_ids[row]), stars, liked)
