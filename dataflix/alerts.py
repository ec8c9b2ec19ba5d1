"""Every alert of Dataflix, declared once: when it fires, what that means, what to do. No label holds a personal value.

`bin/dataflix docs` renders them as Prometheus' rules, ``docs/alerts.yml``.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whom an alert concerns, and when."""

    WARNING = "warning"  # somebody looks today
    CRITICAL = "critical"  # somebody looks now


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule. ``expression`` is PromQL over declared metrics; the alert fires when it has held for ``lasting``."""

    name: str
    expression: str
    lasting: str  # a duration in Prometheus' notation
    severity: Severity
    meaning: str
    action: str


ALERTS = (
    Alert(
        "DataflixSlotLost",
        "dataflix_watcher_slot_usable == 0",
        "0m",
        Severity.CRITICAL,
        "The replication slot is gone or invalid: changes since its last confirmed place do not reach the stream.",
        "The watcher reads everything again by itself, and `bin/dataflix status` tells how far it is. With "
        "DATAFLIX_RECOVER off, run `bin/dataflix recover`.",
    ),
    Alert(
        "DataflixRecovering",
        "dataflix_watcher_recovering == 1",
        "30m",
        Severity.CRITICAL,
        "Changes were lost, and raw is still not known to be the source again.",
        "`bin/dataflix status` names the step; its reason stands in the log of the watcher: "
        "`bin/dataflix logs watcher`.",
    ),
    Alert(
        "DataflixSlotFillsUp",
        "dataflix_watcher_slot_retained_bytes > 0.25 * dataflix_watcher_slot_limit_bytes",
        "1m",
        Severity.WARNING,
        "PostgreSQL keeps more than a quarter of what it may keep for the slot: the connector does not keep up.",
        "See the connector in `bin/dataflix status` and the log of Connect.",
    ),
    Alert(
        "DataflixSlotNearlyLost",
        "dataflix_watcher_slot_retained_bytes > 0.75 * dataflix_watcher_slot_limit_bytes",
        "0m",
        Severity.CRITICAL,
        "PostgreSQL will soon give the slot up so that its disk does not fill.",
        "Get the connector to read, or raise max_slot_wal_keep_size while the disk has room.",
    ),
    Alert(
        "DataflixSlotIdle",
        "dataflix_watcher_slot_active == 0",
        "2m",
        Severity.WARNING,
        "Nobody reads from the slot.",
        "See the connector in `bin/dataflix status` and the log of Connect.",
    ),
    Alert(
        "DataflixHeartbeatStopped",
        "dataflix_watcher_heartbeat_age_seconds > 120",
        "0m",
        Severity.CRITICAL,
        "The connector has not touched its heartbeat for two minutes: it hangs, whatever it says of itself.",
        "Restart Connect: `bin/dataflix restart connect`.",
    ),
    Alert(
        "DataflixConnectorDown",
        "dataflix_watcher_connector_running == 0",
        "1m",
        Severity.CRITICAL,
        "The connector or its task does not run, though the watcher restarts what failed.",
        "The reason stands in the log of Connect: `bin/dataflix logs connect`.",
    ),
    Alert(
        "DataflixConnectorRestarts",
        "increase(dataflix_watcher_connector_restarts_total[30m]) > 3",
        "0m",
        Severity.WARNING,
        "The connector fails again and again.",
        "The reason stands in the log of Connect: `bin/dataflix logs connect`.",
    ),
    Alert(
        "DataflixWorkerBehind",
        "max by (table) (dataflix_watcher_worker_lag_seconds) > 60",
        "1m",
        Severity.WARNING,
        "Events of a table have waited for the worker for more than a minute.",
        "See that worker and ClickHouse are well: `bin/dataflix status`, `bin/dataflix logs worker`.",
    ),
    Alert(
        "DataflixWorkerStuck",
        "max by (table) (dataflix_watcher_worker_lag_seconds) > 300",
        "0m",
        Severity.CRITICAL,
        "Events of a table have waited for the worker for more than five minutes.",
        "See that worker and ClickHouse are well: `bin/dataflix status`, `bin/dataflix logs worker`.",
    ),
    Alert(
        "DataflixDeadLetters",
        "sum by (table) (increase(dataflix_worker_dead_letters_total[10m])) > 0",
        "0m",
        Severity.WARNING,
        "Changes of a table could not be processed and wait as dead letters.",
        "Read the reasons (`bin/dataflix dlq list`), mend the cause, then `bin/dataflix dlq replay`.",
    ),
    Alert(
        "DataflixDeliveryFails",
        "sum by (target) (increase(dataflix_worker_retries_total[5m])) > 10",
        "0m",
        Severity.WARNING,
        "ClickHouse or Kafka refuses what the worker delivers; it tries on, and nothing is lost.",
        "See the target in `bin/dataflix status`, and the disk that it writes to.",
    ),
    Alert(
        "DataflixUnnamedColumns",
        "dataflix_worker_unnamed_columns > 0",
        "0m",
        Severity.WARNING,
        "Change events carry columns that no contract names; the worker leaves them out.",
        "Add them to the contract, or correct the publication with `bin/dataflix up`.",
    ),
    Alert(
        "DataflixTableStopped",
        "dataflix_watcher_stopped_tables == 1",
        "0m",
        Severity.CRITICAL,
        "The source is not what the contract of a table says: the table waits, the others go on.",
        "`bin/dataflix status` names the columns; bring source and contract together.",
    ),
    Alert(
        "DataflixNotSeen",
        "dataflix_watcher_finding_level == 2",
        "5m",
        Severity.WARNING,
        "A probe of the watcher finds an error, or cannot see what it watches.",
        "`bin/dataflix status` says what each probe finds.",
    ),
    Alert(
        "DataflixProbeSilent",
        "time() - dataflix_watcher_observed_timestamp_seconds > 120",
        "0m",
        Severity.WARNING,
        "A probe of the watcher has not looked for two minutes.",
        "Restart the watcher: `bin/dataflix restart watcher`.",
    ),
    Alert(
        "DataflixWatcherAway",
        "absent(dataflix_watcher_finding_level)",
        "2m",
        Severity.CRITICAL,
        "Prometheus gets nothing from the watcher: nobody looks at slot, connector and lag.",
        "See `bin/dataflix logs watcher`, and the scrape target.",
    ),
    Alert(
        "DataflixApiStreamSilent",
        "dataflix_api_stream_silence_seconds > 60",
        "1m",
        Severity.WARNING,
        "The API hears nothing from the broker: recommendations do not see new ratings.",
        "See Kafka and the API in `bin/dataflix status`.",
    ),
)
