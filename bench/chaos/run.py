"""One run of chaos, from the first change to the verdict."""

import itertools
import json
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.chaos.journal import Journal, Verdict, judge
from bench.chaos.killing import Killer, Recovery
from bench.chaos.load import Writer
from bench.chaos.places import MaskedTopics, in_raw, in_source
from bench.people import Crowd, crowd
from dataflix.errors import DataflixError
from dataflix.settings import Settings
from stack.home import open_home

_WRITERS, _PEOPLE_OF_EACH = 4, 25
_LONGEST_PAUSE = 2.0  # seconds between a recovery and the next kill
_VERIFY_SECONDS = 120


def chaos(settings: Settings, kills: int, rate: float, seed: int | None, only: Sequence[str] = ()) -> dict[str, Any]:
    """Kill ``kills`` random services, one after another, under ``rate`` changes a second, and judge what is left.

    They are those that run, or ``only`` some of these; each is killed once before any is killed again. Raises
    DataflixError when the stack is not well at the start, or does not recover from a kill within 180 s.
    """
    chance = random.Random(seed)  # noqa: S311 - which service is next
    with crowd(settings, people=_WRITERS * _PEOPLE_OF_EACH + 1) as people:
        *users, witness = people.users
        topics = MaskedTopics(settings)
        try:
            with Killer(open_home(), witness) as killer:
                recoveries: list[Recovery] = []
                started = time.monotonic()
                with _load(settings, Crowd(tuple(users), people.movies), rate) as writers:
                    for name in _shown(chance, _chosen(killer.running(), only), kills):
                        time.sleep(chance.uniform(0, _LONGEST_PAUSE))
                        recoveries.append(killer.kill(name))
                seconds = time.monotonic() - started
            journal = Journal.merged(writer.journal for writer in writers)
            differing = _verified()
            places = (in_source(settings, users), in_raw(settings, users))
            verdict = judge(journal, places, topics.changes(users))
        finally:
            topics.close()
    return _report(journal, verdict, differing, recoveries, seconds)


def _chosen(running: Sequence[str], only: Sequence[str]) -> Sequence[str]:
    if unknown := sorted(set(only).difference(running)):
        raise DataflixError(f"{', '.join(unknown)} does not run: choose from {', '.join(running)}.")
    return [name for name in running if name in only] if only else running


def in_rounds(chance: random.Random, services: Sequence[str]) -> Iterator[str]:
    """The services in random order, again and again: each comes once before any comes again."""
    while True:
        yield from chance.sample(services, len(services))


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
        for name in itertools.islice(in_rounds(chance, services), kills):
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
    journal: Journal, verdict: Verdict, differing: int, recoveries: Sequence[Recovery], seconds: float
) -> dict[str, Any]:
    by_service: defaultdict[str, list[Recovery]] = defaultdict(list)
    for recovery in recoveries:
        by_service[recovery.service].append(recovery)
    return {
        "kills": len(recoveries),
        "acknowledged": len(journal.changes),
        "unknown": journal.unknown,
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "mismatched": max(verdict.mismatched, differing),
        "recovery_p99_s": _p99([recovery.seconds for recovery in recoveries]),
        "seconds": round(seconds, 1),
        "services": {name: _summary(of_one) for name, of_one in sorted(by_service.items())},
    }


def _summary(recoveries: Sequence[Recovery]) -> dict[str, float]:
    def median(seconds: Iterable[float]) -> float:
        return round(float(np.median(list(seconds))), 2)

    return {
        "kills": len(recoveries),
        "median_s": median(one.seconds for one in recoveries),
        "max_s": round(max(one.seconds for one in recoveries), 2),
        "answered_median_s": median(one.answered for one in recoveries),
        "moved_median_s": median(one.moved for one in recoveries),
    }


def _p99(seconds: Sequence[float]) -> float:
    return round(float(np.percentile(seconds, 99)), 2)
