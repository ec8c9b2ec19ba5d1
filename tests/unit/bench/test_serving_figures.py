"""What is made of loads that were sent under changes and to several processes."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.people import Crowd
from bench.serving import run
from bench.serving.load import Load
from bench.serving.streaming import Streamed
from dataflix.settings import Address, Settings

PEOPLE = Crowd((1,), (1,))


def a_load(answered: int, slowest_ms: int, generator: float = 0.5) -> Load:
    return Load(answered, 2.0, 0, ((slowest_ms * 1000, answered),), generator)


def test_under_changes_the_slowest_are_held_against_those_of_quiet_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    changing = False

    @contextmanager
    def streaming(_settings: Settings, _people: Crowd, rate: float) -> Iterator[Streamed]:
        nonlocal changing
        streamed = Streamed(changes=round(rate * 2), seconds=2.0)
        changing = True
        yield streamed
        changing = False

    monkeypatch.setattr(run, "streaming", streaming)
    told = run.under_changes(Settings(), PEOPLE, 990.0, lambda _: a_load(100, 6) if changing else a_load(200, 4))
    assert (told["quiet"]["rps"], told["changing"]["rps"]) == (100.0, 50.0)
    assert (told["changes_per_second"], told["p99_times"]) == (990.0, 1.5)


def test_processes_are_compared_with_one_and_the_generators_share_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def api_of(_settings: Settings, processes: int) -> Iterator[Address]:
        yield Address("127.0.0.1", processes)

    monkeypatch.setattr(run, "api_of", api_of)
    told = run.of_processes(Settings(), 3, lambda to: a_load(100 * to.port, 4, generator=0.2 * to.port))
    assert told["times"] == 3.0
    assert [told[count]["generator_cores"] for count in ("1", "3")] == [0.1, 0.3]
