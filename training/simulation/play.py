"""A simulation in real time: each action at its moment, or as soon after as the stage takes it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Protocol

from training.made_up_people import MadeUpPerson
from training.simulation.actions import Action, Browse, Rate, Watch
from training.simulation.world import Film

MOST_AT_ONCE: Final = 200  # actions that are handed over together when they are late


class Stage(Protocol):
    """Where a simulation takes place. Every call raises SourceUnavailable."""

    async def films(self) -> list[Film]:
        """Every movie that can be watched."""
        ...

    async def sign_up(self, people: Sequence[MadeUpPerson]) -> list[int]:
        """The ids that these people get, in their order."""
        ...

    async def perform(self, actions: Sequence[Action], user_ids: Sequence[int]) -> int:
        """Do all of it, each person's actions in their order; how many could not be done, since somebody or something
        is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a simulation."""

    browsed: int
    watched: int
    rated: int
    missed: int  # actions of which the person or the movie was gone
    seconds: float


async def play(
    actions: Iterable[Action], seconds: float, user_ids: Sequence[int], stage: Stage, advance: Callable[[int], None]
) -> Played:
    """Do the actions of the first ``seconds``. ``advance`` is told of how many are done."""
    began = time.monotonic()
    counts: Counter[type[Action]] = Counter()
    waiting: list[Action] = []
    missed = 0

    async def hand_over() -> int:
        gone = await stage.perform(waiting, user_ids)
        counts.update(map(type, waiting))
        advance(len(waiting))
        waiting.clear()
        return gone

    for action in takewhile(lambda one: one.at <= seconds, actions):
        early = began + action.at - time.monotonic()
        if waiting and (early > 0 or len(waiting) >= MOST_AT_ONCE):
            missed += await hand_over()
        if (early := began + action.at - time.monotonic()) > 0:
            await asyncio.sleep(early)
        waiting.append(action)
    if waiting:
        missed += await hand_over()
    took = time.monotonic() - began
    return Played(counts[Browse], counts[Watch], counts[Rate], missed, took)
