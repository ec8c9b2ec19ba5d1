"""Which interactions a model may learn from, and which ones it is asked for: by order or by time, never at random."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflix.recommender.arrays import Float32Array, Int64Array
from dataflix.recommender.interactions import History
from training.errors import UnfitData
from training.interaction_log import InteractionLog, lot

FIFTH: Final = 5


class Protocol(StrEnum):
    """How the interactions are divided."""

    LEAVE_LAST_OUT = "leave-last-out"  # each person's newest one is held out
    LAST_FIFTH = "last-fifth"  # each person's newest fifth, at least one
    TIME_SPLIT = "time-split"  # the newest fifth of all; people who have something on both sides


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One person of whom the model is asked what comes next. The history is empty for who is new to it."""

    user_id: int
    history: History
    movie_ids: Int64Array  # what they chose
    stars: Float32Array  # what they gave, NaN for not rated


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """What may be learned from, and who is asked."""

    train: InteractionLog
    asked: list[Asked]


def split(log: InteractionLog, protocol: Protocol) -> Split:
    """Divide the log. Nobody is dropped because they are hard: who has but one interaction is asked as somebody new.

    The time split asks only people with a history. Raises UnfitData when nothing or nobody is left on one side.
    """
    held = _HELD[protocol](log)
    if held.all() or not held.any():
        raise UnfitData(f"The {len(log)} interactions are too few to be divided by {protocol}.")
    result = Split(log.where(~held), asked(log, held, newcomers=protocol is not Protocol.TIME_SPLIT))
    if not result.asked:
        raise UnfitData(f"Nobody has interactions on both sides of the {protocol}: the data set is too small for it.")
    return result


def asked(log: InteractionLog, held: NDArray[np.bool_], *, newcomers: bool) -> list[Asked]:
    """Everybody of whom something is held; each person's held interactions must be their newest."""
    starts = log.starts
    counts = np.add.reduceat(held.astype(np.int64), starts[:-1])
    found = []
    columns = (log.user_ids.tolist(), starts[:-1].tolist(), starts[1:].tolist(), counts.tolist())
    for user_id, start, end, count in zip(*columns, strict=True):
        if count and (newcomers or end - count > start):
            chosen = slice(end - count, end)
            history = log.history(start, end - count)
            found.append(Asked(user_id, history, log.item_ids[log.items[chosen]], log.stars[chosen]))
    return found


def newest_of_each(log: InteractionLog, count: Callable[[Int64Array], Int64Array]) -> NDArray[np.bool_]:
    """The newest interactions of each person, as many as ``count`` says for how many they have."""
    totals = np.diff(log.starts)
    left = np.repeat(log.starts[1:], totals) - np.arange(len(log))  # 1 for the newest
    return left <= np.repeat(count(totals), totals)


def _last(log: InteractionLog) -> NDArray[np.bool_]:
    return newest_of_each(log, np.ones_like)


def _last_fifth(log: InteractionLog) -> NDArray[np.bool_]:
    return newest_of_each(log, lambda totals: np.maximum(totals // FIFTH, 1))


def _newest_fifth_of_all(log: InteractionLog) -> NDArray[np.bool_]:
    order = np.lexsort((lot(log.user_ids[log.users], log.item_ids[log.items]), log.moments))
    held = np.zeros(len(log), dtype=np.bool_)
    held[order[len(log) - len(log) // FIFTH :]] = True
    return held


_HELD: Final = {
    Protocol.LEAVE_LAST_OUT: _last,
    Protocol.LAST_FIFTH: _last_fifth,
    Protocol.TIME_SPLIT: _newest_fifth_of_all,
}
