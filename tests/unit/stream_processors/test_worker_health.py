"""What the worker says about itself."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import orjson
import pytest
from prometheus_client import CollectorRegistry

from dataflix.errors import SettingsError
from dataflix.metrics import METRICS, WORKER_BATCHES
from dataflix.settings import Address
from stream_processors.health import LONGEST_DELIVERY_SECONDS, LONGEST_SILENCE_SECONDS, HealthServer, WorkerStatus


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def a_working_status(clock: Clock) -> WorkerStatus:
    status = WorkerStatus(clock)
    status.waiting_for(None)
    status.assigned(16)
    return status


def test_a_worker_with_partitions_and_a_turning_loop_is_well() -> None:
    assert a_working_status(Clock()).trouble() is None


def test_a_worker_that_waits_says_for_what() -> None:
    status = WorkerStatus(Clock())
    assert status.trouble() == "The worker waits for its start."
    status.waiting_for("the topics masked.tags")
    assert "masked.tags" in (status.trouble() or "")


def test_a_worker_without_partitions_is_not_well() -> None:
    status = a_working_status(Clock())
    status.assigned(0)
    assert "partition" in (status.trouble() or "")


def test_a_loop_that_stands_still_is_told() -> None:
    clock = Clock()
    status = a_working_status(clock)
    clock.now += LONGEST_SILENCE_SECONDS + 1
    assert "stood still for 6 s" in (status.trouble() or "")
    status.turned()
    assert status.trouble() is None


def test_a_batch_that_nobody_takes_is_told() -> None:
    clock = Clock()
    status = a_working_status(clock)
    status.delivering()
    clock.now += LONGEST_DELIVERY_SECONDS + 1
    status.turned()
    assert "31 s" in (status.trouble() or "")
    status.delivered()
    assert status.trouble() is None


@pytest.fixture
def status() -> WorkerStatus:
    return a_working_status(Clock())


@pytest.fixture
def server(status: WorkerStatus) -> Iterator[HealthServer]:
    registry = CollectorRegistry()
    WORKER_BATCHES.counter(registry).inc()
    with closing(HealthServer(Address("127.0.0.1", 0), status, registry)) as server:
        server.start()
        yield server


def get(server: HealthServer, path: str) -> tuple[int, bytes]:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=5)) as connection:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()


def test_health_answers_200_or_503_with_the_reason(server: HealthServer, status: WorkerStatus) -> None:
    code, body = get(server, "/health")
    assert (code, orjson.loads(body)) == (200, {"status": "healthy", "reason": None})
    status.assigned(0)
    code, body = get(server, "/health")
    assert code == 503
    assert "partition" in orjson.loads(body)["reason"]


def test_metrics_are_served_as_prometheus_reads_them(server: HealthServer) -> None:
    code, body = get(server, "/metrics")
    assert code == 200
    assert b"dataflix_worker_batches_total 1.0" in body


def test_other_paths_are_not_found(server: HealthServer) -> None:
    assert get(server, "/")[0] == 404


def test_a_taken_address_is_a_sentence_that_names_the_setting(server: HealthServer) -> None:
    with pytest.raises(SettingsError, match=rf"127\.0\.0\.1:{server.port}.*DATAFLIX_WORKER_PORT"):
        HealthServer(Address("127.0.0.1", server.port), WorkerStatus(), CollectorRegistry())


def test_every_metric_has_a_name_of_its_own_that_ends_with_its_unit() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.name.removesuffix("_total").endswith(metric.unit) or metric.name.endswith("_total")
        assert not {"user_id", "email", "username", "first_name", "last_name"} & set(metric.labels)
