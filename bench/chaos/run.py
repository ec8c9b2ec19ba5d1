"""One run of chaos, from the first change to the verdict."""

import itertools
import json
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.chaos.journal import Journal, Verdict, judge
from bench.chaos.killing import Killer
from bench.chaos.load import Writer
from bench.chaos.places import MaskedTopics, in_raw, in_source
from bench.people import Crowd, crowd
from dataflix.errors import DataflixError
from dataflix.settings import Settings
from stack.home import open_home

_WRITERS, _PEOPLE_OF_EACH = 4, 25
_LONGEST_PAUSE = 2.0  # seconds between a recovery and the next kill
_VERIFY_SECONDS = 120


def chaos(settings: Settings, kills: int, rate: float, seed: int | None) -> dict[str, Any]:
    """Kill ``kills`` random services, one after another, under ``rate`` changes a second, and judge what is left.

    Raises DataflixError when the stack is not well at the start, or does not recover from a kill within 180 s.
    """
    chance = random.Random(seed)  # noqa: S311 - which service is next
    with crowd(settings, people=_WRITERS * _PEOPLE_OF_EACH + 1) as people:
        *users, witness = people.users
        topics = MaskedTopics(settings)
        try:
            with Killer(open_home(), witness) as killer:
                recoveries: list[tuple[str, float]] = []
                started = time.monotonic()
                with _load(settings, Crowd(tuple(users), people.movies), rate) as writers:
                    for name in _shown(chance, killer.running(), kills):
                        time.sleep(chance.uniform(0, _LONGEST_PAUSE))
                        recoveries.append((name, killer.kill(name)))
                seconds = time.monotonic() - started
            journal = Journal.merged(writer.journal for writer in writers)
            differing = _verified()
            places = (in_source(settings, users), in_raw(settings, users))
            verdict = judge(journal, places, topics.changes(users))
        finally:
            topics.close()
    return _report(journal, verdict, differing, recoveries, seconds)


def _shown(chance: random.Random, services: Sequence[str], kills: int) -> Iterator[str]:
    """So many random services, with progress on standard error."""
    columns = (
        TextColumn("kills"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=kills)
        for _ in range(kills):
            name = chance.choice(services)
            progress.update(task, description=name)
            yield name
            progress.advance(task)


@contextmanager
def _load(settings: Settings, people: Crowd, rate: float) -> Iterator[list[Writer]]:
    markers = itertools.count(1)
    shares = [people.users[number::_WRITERS] for number in range(_WRITERS)]
    writers = [Writer(settings, share, people.movies, rate / _WRITERS, markers) for share in shares]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        for writer in writers:
            writer.stop()


def _verified() -> int:
    """Rows in which source and raw differ, all tables compared by value."""
    command = [sys.executable, "-m", "clickhouse", "verify", "--json", "--wait", str(_VERIFY_SECONDS)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    try:
        verdict: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:]
        raise DataflixError(f"`bin/dataflix verify` came to no verdict: {' '.join(last)}") from None
    return sum(table["differing"] for table in verdict["tables"].values())


def _report(
    journal: Journal, verdict: Verdict, differing: int, recoveries: Sequence[tuple[str, float]], seconds: float
) -> dict[str, Any]:
    by_service: defaultdict[str, list[float]] = defaultdict(list)
    for name, recovery in recoveries:
        by_service[name].append(recovery)
    return {
        "kills": len(recoveries),
        "acknowledged": len(journal.changes),
        "unknown": journal.unknown,
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "mismatched": max(verdict.mismatched, differing),
        "recovery_p99_s": _p99([recovery for _, recovery in recoveries]),
        "seconds": round(seconds, 1),
        "services": {
            name: {"kills": len(times), "median_s": round(float(np.median(times)), 2), "max_s": round(max(times), 2)}
            for name, times in sorted(by_service.items())
        },
    }


def _p99(seconds: Sequence[float]) -> float:
    return round(float(np.percentile(seconds, 99)), 2)
