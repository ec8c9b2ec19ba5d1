"""Every metric of Dataflix, declared once: name, kind, meaning, unit, labels. No label holds a personal value.

A program asks for the instruments that it moves by their declaration, in a registry of its own.
"""

from dataclasses import dataclass
from enum import Enum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class MetricKind(Enum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. The unit ends the name, as Prometheus has it; ``buckets`` are upper bounds in that unit."""

    name: str
    kind: MetricKind
    meaning: str
    unit: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    def counter(self, registry: CollectorRegistry) -> Counter:
        return Counter(self.name, self.meaning, self.labels, registry=registry)

    def gauge(self, registry: CollectorRegistry) -> Gauge:
        return Gauge(self.name, self.meaning, self.labels, registry=registry)

    def histogram(self, registry: CollectorRegistry) -> Histogram:
        return Histogram(self.name, self.meaning, self.labels, registry=registry, buckets=self.buckets)


_DELIVERY_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_FRESHNESS_S = (0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0)

WORKER_EVENTS = Metric(
    "dataflix_worker_events_total", MetricKind.COUNTER, "Change events masked and delivered", "events", ("table", "op")
)
WORKER_BATCHES = Metric("dataflix_worker_batches_total", MetricKind.COUNTER, "Batches delivered", "batches")
WORKER_DEAD_LETTERS = Metric(
    "dataflix_worker_dead_letters_total",
    MetricKind.COUNTER,
    "Change events that could not be processed, by the kind of the reason",
    "events",
    ("table", "kind"),
)
WORKER_UNNAMED_COLUMNS = Metric(
    "dataflix_worker_unnamed_columns",
    MetricKind.GAUGE,
    "Columns of the source that came in change events and that no contract names: they are not published",
    "columns",
    ("table",),
)
WORKER_PAUSED_TABLES = Metric(
    "dataflix_worker_paused_tables",
    MetricKind.GAUGE,
    "1 while a table waits because the source is not what its contract says, 0 once it has gone on",
    "tables",
    ("table",),
)
WORKER_INSERT_SECONDS = Metric(
    "dataflix_worker_insert_seconds",
    MetricKind.HISTOGRAM,
    "One insert into a raw table, tries that failed included",
    "seconds",
    ("table",),
    _DELIVERY_S,
)
WORKER_PUBLISH_SECONDS = Metric(
    "dataflix_worker_publish_seconds",
    MetricKind.HISTOGRAM,
    "Publishing the masked events and dead letters of one batch, tries that failed included",
    "seconds",
    (),
    _DELIVERY_S,
)
WORKER_RETRIES = Metric(
    "dataflix_worker_retries_total", MetricKind.COUNTER, "Tries of a delivery that failed", "tries", ("target",)
)
WORKER_COMMIT_TO_RAW_SECONDS = Metric(
    "dataflix_worker_commit_to_raw_seconds",
    MetricKind.HISTOGRAM,
    "From the commit at the source to the acknowledgement of the raw table; snapshot rows are left out",
    "seconds",
    ("table",),
    _FRESHNESS_S,
)
WORKER_NEWEST_COMMIT = Metric(
    "dataflix_worker_newest_commit_timestamp_seconds",
    MetricKind.GAUGE,
    "When the newest change in a raw table was committed at the source, since 1970; snapshot rows are left out",
    "seconds",
    ("table",),
)

_ANSWER_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

API_REQUESTS = Metric(
    "dataflix_api_requests_total",
    MetricKind.COUNTER,
    "Requests answered; the route is the template, not the path",
    "requests",
    ("method", "route", "status"),
)
API_REQUEST_SECONDS = Metric(
    "dataflix_api_request_seconds",
    MetricKind.HISTOGRAM,
    "From the head of a request to the answer being ready to send",
    "seconds",
    ("method", "route"),
    _ANSWER_S,
)
API_EVENTS = Metric("dataflix_api_events_total", MetricKind.COUNTER, "Masked events taken into account", "events")
API_EVENTS_REJECTED = Metric(
    "dataflix_api_events_rejected_total", MetricKind.COUNTER, "Masked events that could not be read", "events"
)
API_COMMIT_TO_HISTORY_SECONDS = Metric(
    "dataflix_api_commit_to_history_seconds",
    MetricKind.HISTOGRAM,
    "From the commit at the source to the change counting in recommendations; what came before readiness is left out",
    "seconds",
    (),
    _FRESHNESS_S,
)
API_ROWS = Metric("dataflix_api_rows", MetricKind.GAUGE, "Rows that the recommender holds", "rows", ("table",))
API_START_SECONDS = Metric(
    "dataflix_api_start_seconds",
    MetricKind.GAUGE,
    "What reading the histories took when the API started, and where they were read: clickhouse or topics",
    "seconds",
    ("source",),
)
API_STREAM_LAG = Metric(
    "dataflix_api_stream_lag_events",
    MetricKind.GAUGE,
    "Events that the broker told of and that are not counted yet",
    "events",
)
API_STREAM_SILENCE_SECONDS = Metric(
    "dataflix_api_stream_silence_seconds", MetricKind.GAUGE, "Since the broker last answered", "seconds"
)
API_MODEL_VERSION = Metric(
    "dataflix_api_model_version", MetricKind.GAUGE, "Version of the model that is served, 0 for none", "version"
)
API_LISTENERS = Metric("dataflix_api_listeners", MetricKind.GAUGE, "Clients that follow the events", "listeners")
API_LISTENERS_DROPPED = Metric(
    "dataflix_api_listeners_dropped_total",
    MetricKind.COUNTER,
    "Clients of the events that were slower than these and were let go",
    "listeners",
)

WATCHER_FINDING_LEVEL = Metric(
    "dataflix_watcher_finding_level",
    MetricKind.GAUGE,
    "What the last look of a probe found: 0 all is well, 1 warning, 2 error",
    "level",
    ("probe",),
)
WATCHER_OBSERVED_TIMESTAMP_SECONDS = Metric(
    "dataflix_watcher_observed_timestamp_seconds",
    MetricKind.GAUGE,
    "When a probe last looked, since 1970",
    "seconds",
    ("probe",),
)
WATCHER_CONNECTOR_RUNNING = Metric(
    "dataflix_watcher_connector_running",
    MetricKind.GAUGE,
    "Whether the connector and all of its tasks run: 1 or 0",
    "running",
)
WATCHER_CONNECTOR_RESTARTS = Metric(
    "dataflix_watcher_connector_restarts_total",
    MetricKind.COUNTER,
    "Restarts of a connector or task that had failed, since the watcher started",
    "restarts",
)
WATCHER_SLOT_USABLE = Metric(
    "dataflix_watcher_slot_usable",
    MetricKind.GAUGE,
    "Whether the replication slot exists and is valid: 1 or 0",
    "usable",
)
WATCHER_SLOT_ACTIVE = Metric(
    "dataflix_watcher_slot_active",
    MetricKind.GAUGE,
    "Whether somebody reads from the replication slot: 1 or 0",
    "active",
)
WATCHER_SLOT_RETAINED_BYTES = Metric(
    "dataflix_watcher_slot_retained_bytes",
    MetricKind.GAUGE,
    "Write-ahead log that PostgreSQL keeps for the slot",
    "bytes",
)
WATCHER_SLOT_UNCONFIRMED_BYTES = Metric(
    "dataflix_watcher_slot_unconfirmed_bytes",
    MetricKind.GAUGE,
    "Write-ahead log written since the place that the connector has confirmed",
    "bytes",
)
WATCHER_SLOT_LIMIT_BYTES = Metric(
    "dataflix_watcher_slot_limit_bytes",
    MetricKind.GAUGE,
    "What PostgreSQL keeps for a slot before it gives the slot up (max_slot_wal_keep_size)",
    "bytes",
)
WATCHER_EPOCH = Metric(
    "dataflix_watcher_epoch",
    MetricKind.GAUGE,
    "Present epoch of the stream: it goes up by one when changes were lost and everything is read again",
    "epoch",
)
WATCHER_RECOVERING = Metric(
    "dataflix_watcher_recovering",
    MetricKind.GAUGE,
    "Whether raw is not yet known to be the source again after changes were lost: 1 or 0",
    "recovering",
)
WATCHER_HEARTBEAT_AGE_SECONDS = Metric(
    "dataflix_watcher_heartbeat_age_seconds",
    MetricKind.GAUGE,
    "Since the connector last touched its heartbeat in PostgreSQL",
    "seconds",
)
WATCHER_WORKER_LAG_EVENTS = Metric(
    "dataflix_watcher_worker_lag_events",
    MetricKind.GAUGE,
    "Events of the private topic that the worker has not acknowledged",
    "events",
    ("table",),
)
WATCHER_WORKER_LAG_SECONDS = Metric(
    "dataflix_watcher_worker_lag_seconds",
    MetricKind.GAUGE,
    "Since the oldest event that the worker has not acknowledged was first seen",
    "seconds",
    ("table",),
)
WATCHER_NEWEST_ROW_AGE_SECONDS = Metric(
    "dataflix_watcher_newest_row_age_seconds",
    MetricKind.GAUGE,
    "Since the commit of the newest change that is in the raw table; it grows while the table is idle",
    "seconds",
    ("table",),
)
WATCHER_DEAD_LETTERS = Metric(
    "dataflix_watcher_dead_letters",
    MetricKind.GAUGE,
    "Dead letters that nobody has replayed or discarded",
    "letters",
    ("table",),
)
WATCHER_STOPPED_TABLES = Metric(
    "dataflix_watcher_stopped_tables",
    MetricKind.GAUGE,
    "1 while the source is not what the contract of the table says, so that the table waits",
    "tables",
    ("table",),
)
WATCHER_STRUCTURE_FINDINGS = Metric(
    "dataflix_watcher_structure_findings",
    MetricKind.GAUGE,
    "Differences between the source and the contract of a table, by kind",
    "findings",
    ("table", "kind"),
)

METRICS = (
    WORKER_EVENTS,
    WORKER_BATCHES,
    WORKER_DEAD_LETTERS,
    WORKER_UNNAMED_COLUMNS,
    WORKER_PAUSED_TABLES,
    WORKER_INSERT_SECONDS,
    WORKER_PUBLISH_SECONDS,
    WORKER_RETRIES,
    WORKER_COMMIT_TO_RAW_SECONDS,
    WORKER_NEWEST_COMMIT,
    API_REQUESTS,
    API_REQUEST_SECONDS,
    API_EVENTS,
    API_EVENTS_REJECTED,
    API_COMMIT_TO_HISTORY_SECONDS,
    API_ROWS,
    API_START_SECONDS,
    API_STREAM_LAG,
    API_STREAM_SILENCE_SECONDS,
    API_MODEL_VERSION,
    API_LISTENERS,
    API_LISTENERS_DROPPED,
    WATCHER_FINDING_LEVEL,
    WATCHER_OBSERVED_TIMESTAMP_SECONDS,
    WATCHER_CONNECTOR_RUNNING,
    WATCHER_STOPPED_TABLES,
    WATCHER_STRUCTURE_FINDINGS,
    WATCHER_CONNECTOR_RESTARTS,
    WATCHER_SLOT_USABLE,
    WATCHER_SLOT_ACTIVE,
    WATCHER_SLOT_RETAINED_BYTES,
    WATCHER_SLOT_UNCONFIRMED_BYTES,
    WATCHER_SLOT_LIMIT_BYTES,
    WATCHER_EPOCH,
    WATCHER_RECOVERING,
    WATCHER_HEARTBEAT_AGE_SECONDS,
    WATCHER_WORKER_LAG_EVENTS,
    WATCHER_WORKER_LAG_SECONDS,
    WATCHER_NEWEST_ROW_AGE_SECONDS,
    WATCHER_DEAD_LETTERS,
)
