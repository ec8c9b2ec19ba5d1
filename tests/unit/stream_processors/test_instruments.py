"""When the worker's metrics move."""

from typing import Any

import structlog
from fetched import a_batch, a_preparer, a_record, rating_records
from prometheus_client import CollectorRegistry

from stream_processors.batches import Batch
from stream_processors.instruments import Instruments
from tests.debezium import COMMITTED_US, a_rating, an_event


def of(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def instruments(registry: CollectorRegistry, seconds_after_commit: float = 0.07) -> Instruments:
    return Instruments(registry, clock=lambda: COMMITTED_US / 1e6 + seconds_after_commit)


def a_batch_of(*records: Any) -> Batch:
    return a_preparer().prepare([a_batch(*records)])


def test_events_are_counted_by_table_and_operation() -> None:
    registry = CollectorRegistry()
    instruments(registry).delivered(a_batch_of(*rating_records(1, 2), a_record(an_event(a_rating(3), op="u"))))
    assert of(registry, "dataflix_worker_events_total", table="ratings", op="c") == 2
    assert of(registry, "dataflix_worker_events_total", table="ratings", op="u") == 1
    assert of(registry, "dataflix_worker_batches_total") == 1


def test_dead_letters_are_counted_by_table_and_kind() -> None:
    registry = CollectorRegistry()
    instruments(registry).delivered(a_batch_of(a_record(b"no"), a_record(b"{}")))
    for kind in ("UnreadableEvent", "BrokenEnvelope"):
        assert of(registry, "dataflix_worker_dead_letters_total", table="ratings", kind=kind) == 1


def test_freshness_is_measured_from_the_commit_to_the_acknowledgement_of_raw() -> None:
    registry = CollectorRegistry()
    (part,) = a_batch_of(*rating_records(1)).tables
    instruments(registry, seconds_after_commit=0.07).inserted(part, 0.01)
    name = "dataflix_worker_commit_to_raw_seconds_bucket"
    assert of(registry, name, table="ratings", le="0.05") == 0
    assert of(registry, name, table="ratings", le="0.08") == 1


def test_a_column_without_a_contract_is_reported_once() -> None:
    registry = CollectorRegistry()
    reporting = instruments(registry)
    batch = a_batch_of(a_record(an_event(a_rating(1, phone="+64 555 0100"))))
    with structlog.testing.capture_logs() as logs:
        reporting.delivered(batch)
        reporting.delivered(batch)
    assert [entry["columns"] for entry in logs] == [["phone"]]
    assert of(registry, "dataflix_worker_unnamed_columns", table="ratings") == 1
