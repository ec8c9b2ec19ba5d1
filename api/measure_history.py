"""How much memory the histories take: rows like those of MovieLens, read as the stream would bring them."""

import gc
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from api.changes import Opinion, RatingChange
from api.replica import Replica
from dataflix.recommender import interaction_score
from dataflix.versions import pack_version

EACH = 145  # ratings of a person in the mean, as in MovieLens 20M
MOVIES = 27_000
MEBIBYTE = 2**20
_AT_ONCE = 1 << 12
_BEGAN = 1_700_000_000_000_000  # microseconds since 1970


def measure_history(rows: int) -> dict[str, Any]:
    """Take in so many ratings; what this process needs more after it, and how long one took."""
    replica = Replica()
    gc.collect()
    before, began = _resident(), time.process_time()
    for change in made_up_ratings(rows):
        replica.apply(change)
    replica.settle()
    seconds = time.process_time() - began
    gc.collect()
    grown = _resident() - before
    return {
        "rows": len(replica.ratings),
        "people": -(-rows // EACH),
        "movies": MOVIES,
        "memory_mb": round(grown / MEBIBYTE, 1),
        "bytes_per_row": round(grown / rows, 1),
        "us_per_row": round(seconds / rows * 1e6, 2),
    }


def _resident() -> int:
    """Bytes of this process that are in memory: proc(5), the second number of statm, in pages."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def made_up_ratings(rows: int) -> Iterator[RatingChange]:
    """Ratings of people in no order, each of its own transaction, popular movies more often than others."""
    chance, people = np.random.default_rng(0), -(-rows // EACH)
    for first in range(1, rows + 1, _AT_ONCE):
        count = min(_AT_ONCE, rows + 1 - first)
        users = chance.integers(1, people + 1, count).tolist()
        movies = (chance.power(0.3, count) * MOVIES).astype(np.int64).tolist()
        halves = chance.integers(1, 11, count).tolist()
        for number, user, movie, half in zip(range(first, first + count), users, movies, halves, strict=True):
            opinion = Opinion(user, movie, True, interaction_score(half / 2), _BEGAN + number, half / 2)
            yield RatingChange(number, pack_version(0, number * 100, True, number * 100 + 1), opinion, number)
