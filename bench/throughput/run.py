"""One measurement of throughput, from the first change to the figures."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.people import MOVIES, crowd
from bench.throughput.backlog import Backlog, PrivateTopic, commit_inserts, commit_updates
from bench.throughput.consumption import plain
from bench.throughput.door import door
from bench.throughput.pace import Pace
from bench.throughput.workers import drain, working
from dataflix.errors import DataflixError
from dataflix.settings import Settings
from stack.home import Home, open_home
from stack.progress import Steps
from stack.services import services
from stack.startup import Starter
from stack.supervision import Supervisor

_READERS = ("api", "worker")  # of the running stack: they would take what is measured, or its processors
_PATIENCE = 300.0  # seconds
_PAUSE = 0.02


def throughput(settings: Settings, events: int) -> dict[str, Any]:
    """Measure with a backlog of ``events`` changes for one worker, and another one for two.

    The stack's worker and API are stopped meanwhile. Raises DataflixError.
    """
    steps = Steps()
    topic = PrivateTopic(settings)
    try:
        with steps.shown(), crowd(settings, people=-(-events // MOVIES)) as people:
            with steps.step("Waiting until the worker has nothing to do"):
                _wait(lambda: topic.acknowledged() == topic.ends(), "The worker did not come to its end")
            with _without_readers(open_home(), steps):
                with steps.step("Debezium"):
                    backlog, debezium = _published(topic, lambda: commit_inserts(settings, people), events)
                with steps.step("Plain consumption"):
                    ceiling = plain(settings, backlog)
                with steps.step("One worker"), working(settings, 1, settings.clickhouse) as running:
                    one = drain(running, backlog.events)
                # Started before there is anything to do, or the first one would be done before the second one begins
                with door(settings.clickhouse) as (clickhouse, outside), working(settings, 2, outside) as running:
                    with steps.step("Debezium again"):
                        backlog, _ = _published(topic, lambda: commit_updates(settings, people), events)
                    with steps.step("Two workers"):
                        clickhouse.open()
                        two = drain(running, backlog.events)
    finally:
        topic.close()
    return {
        "events": backlog.events,
        "debezium_eps": debezium,
        "worker_eps": one.per_second,
        "workers_eps": {"2": two.per_second},
        "aiokafka_eps": ceiling.aiokafka,
        "confluent_eps": ceiling.confluent,
        "worker_to_aiokafka": _ratio(one.per_second, ceiling.aiokafka),
        "worker_cpu_us": one.cpu_us,
    }


def _ratio(part: int | None, whole: int | None) -> float | None:
    return round(part / whole, 3) if part and whole else None


def _published(topic: PrivateTopic, commit: Callable[[], None], events: int) -> tuple[Backlog, int | None]:
    """What ``commit`` brings into the private topic, and events a second from the last commit on."""
    starts = topic.ends()
    commit()
    pace = Pace()

    def complete() -> bool:
        arrived = sum(topic.ends().values()) - sum(starts.values())
        pace.saw(arrived, time.perf_counter())
        return arrived >= events

    _wait(complete, "Debezium did not publish every change")
    return Backlog(starts, topic.ends()), pace.per_second


@contextmanager
def _without_readers(home: Home, steps: Steps) -> Iterator[None]:
    """Stop those of the stack that read the topics, and start them again."""
    supervisor = Supervisor(home)
    table = services(home)
    with home.held():
        running = [name for name in _READERS if _runs(supervisor.processes(), name)]
        supervisor.stop(running)
        try:
            yield
        finally:
            starter = Starter(home, supervisor, steps)
            for name in running:
                starter.bring_up(table[name])


def _runs(processes: Mapping[str, Any], name: str) -> bool:
    return name in processes and processes[name].is_up


def _wait(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise DataflixError(f"{otherwise} within {_PATIENCE:.0f} s: see `bin/dataflix status`.")
        time.sleep(_PAUSE)
