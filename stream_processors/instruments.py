"""The worker's instruments: what `dataflix.metrics` declares for it, and when each of them moves."""

from collections.abc import Callable

import structlog
from prometheus_client import CollectorRegistry

from dataflix import metrics
from stream_processors.batches import Batch, TableBatch

_log = structlog.get_logger(__name__)


class Instruments:
    """Moves the worker's metrics. ``clock`` gives the seconds since 1970."""

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._events = metrics.WORKER_EVENTS.counter(registry)
        self._batches = metrics.WORKER_BATCHES.counter(registry)
        self._dead_letters = metrics.WORKER_DEAD_LETTERS.counter(registry)
        self._unnamed_columns = metrics.WORKER_UNNAMED_COLUMNS.gauge(registry)
        self._insert_seconds = metrics.WORKER_INSERT_SECONDS.histogram(registry)
        self._publish_seconds = metrics.WORKER_PUBLISH_SECONDS.histogram(registry)
        self._retries = metrics.WORKER_RETRIES.counter(registry)
        self._commit_to_raw = metrics.WORKER_COMMIT_TO_RAW_SECONDS.histogram(registry)
        self._paused_tables = metrics.WORKER_PAUSED_TABLES.gauge(registry)
        self._newest_commit = metrics.WORKER_NEWEST_COMMIT.gauge(registry)
        self._newest_us: dict[str, int] = {}
        self._unnamed: dict[str, frozenset[str]] = {}

    def inserted(self, part: TableBatch, seconds: float) -> None:
        """The rows of one table are in raw."""
        self._insert_seconds.labels(part.table.name).observe(seconds)
        observe, now = self._commit_to_raw.labels(part.table.name).observe, self._clock()
        for committed_us in part.committed_us:
            observe(now - committed_us / 1e6)
        newest = max(part.committed_us, default=0)
        if newest > self._newest_us.get(part.table.name, 0):  # a replay brings old ones
            self._newest_us[part.table.name] = newest
            self._newest_commit.labels(part.table.name).set(newest / 1e6)

    def published(self, seconds: float) -> None:
        """The messages of a batch are in Kafka."""
        self._publish_seconds.observe(seconds)

    def paused(self, table: str) -> None:
        """The table waits."""
        self._paused_tables.labels(table).set(1)

    def resumed(self, table: str) -> None:
        """The table goes on."""
        self._paused_tables.labels(table).set(0)

    def failed_try(self, target: str) -> None:
        """An insert or a publication has to be repeated."""
        self._retries.labels(target).inc()

    def delivered(self, batch: Batch) -> None:
        """Everything of a batch is durable."""
        self._batches.inc()
        for part in batch.tables:
            name = part.table.name
            for operation, count in part.operations.items():
                self._events.labels(name, operation.value).inc(count)
            for kind, count in part.dead_letters.items():
                self._dead_letters.labels(name, kind).inc(count)
            if part.dead_letters:
                _log.warning("dead_letters", table=name, kinds=dict(part.dead_letters))
            self._report_unnamed(name, part.unnamed)

    def _report_unnamed(self, table: str, columns: frozenset[str]) -> None:
        known = self._unnamed.get(table, frozenset())
        if not columns <= known:
            self._unnamed[table] = known | columns
            self._unnamed_columns.labels(table).set(len(self._unnamed[table]))
            _log.warning("columns_without_a_contract", table=table, columns=sorted(columns - known))
