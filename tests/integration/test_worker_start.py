"""How the worker begins and how it ends."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_worker import StartWorker
from screenings import Screenings, a_screening, patiently

from dataflix.settings import Settings


@pytest.fixture
def screenings(kafka: Settings, clickhouse: Settings, tmp_path: Path) -> Iterator[Screenings]:
    """Without topics and raw table."""
    assert kafka.home == clickhouse.home
    made = Screenings(clickhouse, tmp_path / "contracts")
    yield made
    made.drop()


def test_a_worker_waits_for_its_topics_and_says_so(screenings: Screenings, start_worker: StartWorker) -> None:
    worker = start_worker()

    @patiently()
    def waits() -> None:
        assert screenings.table.masked_topic in (worker.trouble() or "")

    waits()
    assert worker.get("/health")[0] == 503
    screenings.create_topics()
    worker.wait_until_healthy()


def test_a_worker_that_waits_can_be_stopped(screenings: Screenings, start_worker: StartWorker) -> None:
    worker = start_worker(kafka_port=1 - screenings.settings.port_offset)

    @patiently()
    def waits() -> None:
        assert "The worker waits for Kafka at 127.0.0.1:1" in (worker.trouble() or "")

    waits()
    assert worker.stop() == 0


def test_a_raw_table_that_is_missing_is_waited_for(screenings: Screenings, start_worker: StartWorker) -> None:
    screenings.create_topics()
    screenings.write(a_screening(1))
    screenings.flush()
    worker = start_worker()

    @patiently()
    def repeats() -> None:
        assert worker.logged("delivery_repeated")

    repeats()
    screenings.apply()

    @patiently()
    def arrived() -> None:
        assert screenings.final("number") == [(1,)]

    arrived()


def test_too_many_dead_letters_stop_the_worker_with_their_reason(
    screenings: Screenings, start_worker: StartWorker
) -> None:
    screenings.create_topics()
    screenings.apply()
    for _ in range(20):
        screenings.write_bytes(b"unmistakable", b"unmistakable")
    screenings.flush()
    worker = start_worker(dead_letter_limit=5)
    assert worker.process.wait(60) == 1
    (told,) = worker.logged("worker_stopped")
    assert f"5 events of {screenings.table.name} in a row" in told["reason"]
    assert "DATAFLIX_DEAD_LETTER_LIMIT" in told["reason"]
    assert "unmistakable" not in worker.log.read_text()


def test_a_taken_port_and_a_missing_contract_are_bad_input(
    screenings: Screenings, start_worker: StartWorker, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        worker = start_worker(worker_port=port - screenings.settings.port_offset)
        assert worker.process.wait(60) == 2
    assert f"127.0.0.1:{port}" in worker.logged("worker_stopped")[0]["reason"]

    empty = tmp_path / "empty"
    empty.mkdir()
    worker = start_worker(contracts=empty)
    assert worker.process.wait(60) == 2
    assert "no contract" in worker.logged("worker_stopped")[0]["reason"]


def test_a_fixed_worker_that_is_killed_goes_on_at_once(screenings: Screenings, start_worker: StartWorker) -> None:
    screenings.create_topics()
    screenings.apply()
    worker = start_worker(worker_instance_id=screenings.table.name)
    worker.wait_until_healthy()
    worker.kill()
    screenings.write(a_screening(1))
    screenings.flush()
    start_worker(worker_instance_id=screenings.table.name)

    @patiently()
    def arrived() -> None:
        assert screenings.final("number") == [(1,)]

    arrived()
