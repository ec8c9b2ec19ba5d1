"""The worker while ClickHouse is full, silent or away: it waits, says so, keeps its memory, and loses nothing."""

from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from gate import Gate
from running_worker import StartWorker, Worker
from screenings import PATIENCE_S, Screenings, a_screening, patiently

from tests.debezium import an_event, now_us

BACKLOG = 200_000
LARGEST_MEMORY_BYTES = 400 << 20
NO_SPACE = 243  # ClickHouse's code


@pytest.fixture
def gate(screenings: Screenings) -> Iterator[Gate]:
    """In front of ClickHouse; open."""
    made = Gate(screenings.settings.clickhouse)
    made.open()
    yield made
    made.go_on()
    made.shut()


def behind(gate: Gate, screenings: Screenings) -> int:
    """The setting that leads a worker through ``gate``."""
    return gate.port - screenings.settings.port_offset


def write(screenings: Screenings, numbers: range) -> None:
    for number in numbers:
        screenings.write(a_screening(number))
    screenings.flush()


def all_are_there(screenings: Screenings, count: int, seconds: float = PATIENCE_S) -> None:
    @patiently(seconds)
    def check() -> None:
        assert screenings.query("SELECT count() FROM {raw} FINAL") == [(count,)]

    check()


@patiently()
def has_repeated(worker: Worker, times: int) -> list[dict[str, Any]]:
    """What the worker told of each try that failed, once there are ``times``."""
    told = worker.logged("delivery_repeated")
    assert len(told) >= times
    return told


def test_a_disk_without_space_is_waited_for_and_told(screenings: Screenings, start_worker: StartWorker) -> None:
    worker = start_worker()
    write(screenings, range(100))
    all_are_there(screenings, 100)
    screenings.query("ALTER TABLE {raw} MODIFY SETTING min_free_disk_bytes_to_perform_insert = 1000000000000000000")
    write(screenings, range(100, 200))
    told = has_repeated(worker, 3)
    assert {entry["target"] for entry in told} == {f"raw.{screenings.table.name}"}
    assert f"code {NO_SPACE}" in told[0]["reason"]
    assert worker.metric("dataflix_worker_retries_total") >= 3
    screenings.query("ALTER TABLE {raw} RESET SETTING min_free_disk_bytes_to_perform_insert")
    all_are_there(screenings, 200)
    assert worker.trouble() is None


def test_a_clickhouse_that_answers_late_is_waited_for(
    screenings: Screenings, start_worker: StartWorker, gate: Gate
) -> None:
    worker = start_worker(clickhouse_port=behind(gate, screenings))
    write(screenings, range(100))
    all_are_there(screenings, 100)
    gate.stall()
    write(screenings, range(100, 200))
    assert gate.wait_until_something_is_held(PATIENCE_S)
    write(screenings, range(200, 300))
    assert worker.get("/health")[0] == 200
    gate.go_on()
    all_are_there(screenings, 300)
    assert not worker.logged("delivery_repeated")


def test_a_clickhouse_that_takes_its_time_slows_the_stream_and_nothing_else(
    screenings: Screenings, start_worker: StartWorker, gate: Gate
) -> None:
    worker = start_worker(clickhouse_port=behind(gate, screenings))
    write(screenings, range(100))
    all_are_there(screenings, 100)
    gate.slow_down(0.3)
    for number in range(100, 3_000, 100):
        write(screenings, range(number, number + 100))
        assert worker.get("/health")[0] == 200
    all_are_there(screenings, 3_000)
    assert not worker.logged("delivery_repeated")
    inserts = worker.metric("dataflix_worker_insert_seconds_count")
    assert worker.metric("dataflix_worker_insert_seconds_sum") > 0.3 * (inserts - 1)


def test_a_large_backlog_does_not_fill_the_memory_while_clickhouse_is_away_or_afterwards(
    screenings: Screenings, start_worker: StartWorker, gate: Gate
) -> None:
    row = a_screening()
    event = an_event(row, op="c", table=screenings.table.name, commit=1_000, lsn=1_000, committed_us=now_us())
    for number in range(BACKLOG):
        screenings.write_bytes(event.replace(b"Roxy", b"v%d" % number), b"v%d" % number)
    screenings.flush()
    gate.shut()
    worker = start_worker(clickhouse_port=behind(gate, screenings))
    measured = psutil.Process(worker.process.pid)
    largest = 0
    for tries in range(1, 7):
        has_repeated(worker, tries)
        largest = max(largest, measured.memory_info().rss)
    gate.open()

    @patiently(240)
    def is_drained() -> None:
        nonlocal largest
        largest = max(largest, measured.memory_info().rss)
        assert screenings.query("SELECT count() FROM {raw} FINAL") == [(BACKLOG,)]

    is_drained()
    assert largest < LARGEST_MEMORY_BYTES
