"""The configuration of the Debezium connector, rendered from contracts and settings. Pure.

How a value arrives in ``before`` and ``after`` of a change event, by the type of its contract:

==================== ===========================================================================================
smallint, integer,   JSON integer
bigint
boolean              JSON boolean
text, uuid           string
numeric              string in plain decimal notation with the scale of the column, ``"4.5"``; ``"NAN"``
double precision     JSON number; the strings ``"NaN"``, ``"Infinity"``, ``"-Infinity"``
date                 integer: days since 1970-01-01
timestamp            integer: microseconds since 1970-01-01T00:00:00, in no time zone
timestamptz          string: ISO 8601 in UTC with six decimals, ``"2026-01-02T03:04:05.123456Z"``; a year beyond
                     9999 or before 1 bears a sign; ``"infinity"``, ``"-infinity"``
==================== ===========================================================================================

Seen at the edges of these types: an infinite timestamp is the largest or smallest 64-bit integer, and one after the
year 294246 leaves 64 bits and comes out before 4713 BC. An infinite date is a number beyond PostgreSQL's finite
dates; a snapshot (not the stream) gives other numbers for infinite dates, and for a date BC the same date AD.

A text that PostgreSQL keeps out of line and an update left alone is not in the stream: Debezium reads it again from
the row. Where the row is gone by then, the value is ``UNAVAILABLE``; the delete that removed the row follows.
"""

from connectors.grants import HEARTBEAT, HEARTBEAT_COLUMN, SIGNALS, STREAM_SCHEMA
from connectors.publication import PUBLICATION, published
from connectors.roles import DEBEZIUM
from connectors.topics import TOPIC_PREFIX
from dataflix.change_events import EPOCH_HEADER
from dataflix.contracts import Contracts
from dataflix.masked_events import LARGEST_MESSAGE_BYTES
from dataflix.settings import Settings

EPOCH_SETTING = "transforms.epoch.value.literal"
PASSWORD_VARIABLE = "DATAFLIX_POSTGRES_DEBEZIUM_PASSWORD"  # noqa: S105  # the name of the variable
UNAVAILABLE = "__debezium_unavailable_value"
HEARTBEAT_TABLE = f"{STREAM_SCHEMA}.{HEARTBEAT}"
SIGNAL_TABLE = f"{STREAM_SCHEMA}.{SIGNALS}"

_JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
_QUEUE_BYTES = 64 * 1024 * 1024


def connector_config(contracts: Contracts, settings: Settings, epoch: int) -> dict[str, str]:
    """The body of ``PUT /connectors/<connector>/config``. It holds no secret: Connect reads the password itself.

    ``epoch`` is what every event tells of itself (docs/adr/0007).
    """
    return {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "tasks.max": "1",
        **_source(settings),
        **_epoch(epoch),
        **_what_is_captured(contracts),
        **_form_of_events(),
        **_snapshots(),
        **_slot_and_failures(),
        **_speed(),
    }


def _source(settings: Settings) -> dict[str, str]:
    return {
        "database.hostname": settings.postgres.host,
        "database.port": str(settings.postgres.port),
        "database.dbname": settings.postgres_database,
        "database.user": DEBEZIUM,
        "database.password": f"${{env:{PASSWORD_VARIABLE}}}",
        **{f"database.{name}": value for name, value in settings.postgres_security.items()},
        "topic.prefix": TOPIC_PREFIX,
        "plugin.name": "pgoutput",
        "slot.name": settings.connector,
        "publication.name": PUBLICATION,
        "publication.autocreate.mode": "disabled",
        # two connectors of one Connect and one prefix: their metrics must not have one name
        "custom.metric.tags": f"connector={settings.connector}",
    }


def _epoch(epoch: int) -> dict[str, str]:
    return {
        "transforms": "epoch",
        "transforms.epoch.type": "org.apache.kafka.connect.transforms.InsertHeader",
        "transforms.epoch.header": EPOCH_HEADER,
        EPOCH_SETTING: str(epoch),
    }


def _what_is_captured(contracts: Contracts) -> dict[str, str]:
    """Contract columns, and of Debezium's tables the signals: it hears no signal that the list leaves out.

    The heartbeat is published, so that it moves the slot, and is no event.
    """
    columns = published(contracts)
    return {
        "table.include.list": ",".join(sorted(table.source for table in contracts)),
        "column.include.list": ",".join(
            f"{source}.{name}"
            for source, names in sorted(columns.items())
            if source != HEARTBEAT_TABLE
            for name in names
        ),
    }


def _form_of_events() -> dict[str, str]:
    return {
        "key.converter": _JSON_CONVERTER,
        "key.converter.schemas.enable": "false",
        "value.converter": _JSON_CONVERTER,
        "value.converter.schemas.enable": "false",
        "decimal.handling.mode": "string",
        "time.precision.mode": "microseconds",
        # the worker publishes the tombstones of the masked topics; the private ones are not compacted
        "tombstones.on.delete": "false",
        "provide.transaction.metadata": "false",
        "unavailable.value.placeholder": UNAVAILABLE,
        "post.processors": "reselect",
        "post.processors.reselect.type": "io.debezium.processors.reselect.ReselectColumnsPostProcessor",
        "post.processors.reselect.reselect.unavailable.values": "true",
        "post.processors.reselect.reselect.null.values": "false",
    }


def _snapshots() -> dict[str, str]:
    return {
        "snapshot.mode": "initial",
        "snapshot.fetch.size": "10000",
        "signal.enabled.channels": "source",
        "signal.data.collection": SIGNAL_TABLE,
        "incremental.snapshot.chunk.size": "5000",
        "incremental.snapshot.watermarking.strategy": "insert_delete",
    }


def _slot_and_failures() -> dict[str, str]:
    return {
        "slot.drop.on.stop": "false",
        # a slot that is ahead of what was read was made anew, and what lies between is lost: fail (docs/adr/0007)
        "offset.mismatch.strategy": "trust_offset",
        "heartbeat.interval.ms": "10000",
        "heartbeat.action.query": f"UPDATE {HEARTBEAT_TABLE} SET {HEARTBEAT_COLUMN} = now()",  # noqa: S608  # constants
        # a value that cannot be converted stops the connector; the defaults would drop it or put null
        "event.processing.failure.handling.mode": "fail",
        "event.converting.failure.handling.mode": "fail",
        "retriable.restart.connector.wait.ms": "1000",
        "slot.max.retries": "60",
        "slot.retry.delay.ms": "1000",
        # a place that could not be confirmed in time is confirmed with the next one
        "lsn.flush.timeout.action": "warn",
        "errors.log.include.messages": "false",
    }


def _speed() -> dict[str, str]:
    return {
        "poll.interval.ms": "10",
        "max.batch.size": "4096",
        "max.queue.size": "16384",
        "max.queue.size.in.bytes": str(_QUEUE_BYTES),
        "producer.override.max.request.size": str(LARGEST_MESSAGE_BYTES),
        "producer.override.buffer.memory": str(_QUEUE_BYTES),
        "producer.override.compression.type": "lz4",
        "producer.override.linger.ms": "0",
        "producer.override.batch.size": "262144",
        # neither is read here, and both cost something for every event
        "statistics.metrics.enabled": "false",
        "extended.headers.enabled": "false",
    }
