"""The topics of the stream and how each is configured. `topics` is the rule, `keep_topics` the edge.

======================== =========================================================================================
``cdc.<schema>.<table>`` private: what Debezium saw, personal values in clear. Kept for a few days, for replay.
``masked.<table>``       the public contract: the newest event of every row stays, a tombstone removes it.
``dead_letters``         where changes lie that could not be processed, why, and what became of them; no payload.
``models``               the newest promotion of every model.
Debezium's own           its heartbeat and the signals that it read; nothing in them is anybody's data.
======================== =========================================================================================

Rows are spread over partitions by key, so the changes of one row stay in order. Raising the number of partitions
later would break that: an existing topic keeps its own.
"""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # offered here, and not marked as exported
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from connectors.grants import SIGNALS, STREAM_SCHEMA
from dataflix.contracts import Contracts
from dataflix.errors import SourceUnavailable
from dataflix.kafka_access import kafka_refusal
from dataflix.masked_events import LARGEST_MESSAGE_BYTES
from dataflix.public_topics import DEAD_LETTERS, MODELS
from dataflix.settings import KafkaBroker, Settings

TOPIC_PREFIX = "cdc"
HEARTBEAT_TOPIC = f"__debezium-heartbeat.{TOPIC_PREFIX}"
SIGNAL_TOPIC = f"{TOPIC_PREFIX}.{STREAM_SCHEMA}.{SIGNALS}"

DAY_MS = 24 * 60 * 60 * 1000
WAIT_S = 60.0
_ATTEMPT_S = 5.0
BROKER_DEFAULT = -1  # replicas: one on one machine, as many as the operator chose on a cluster


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be. What ``config`` does not name is left to the broker."""

    name: str
    partitions: int
    config: Mapping[str, str]


def topics(contracts: Contracts, settings: Settings) -> tuple[Topic, ...]:
    """Every topic of the stream."""
    private = _kept_for(settings.private_retention_days) | {"max.message.bytes": str(LARGEST_MESSAGE_BYTES)}
    masked = _newest_per_key() | {"max.message.bytes": str(LARGEST_MESSAGE_BYTES)}
    return (
        *(Topic(table.private_topic, settings.topic_partitions, private) for table in contracts),
        *(Topic(table.masked_topic, settings.topic_partitions, masked) for table in contracts),
        Topic(DEAD_LETTERS, 1, _kept_for(settings.dead_letter_retention_days)),
        Topic(MODELS, 1, _newest_per_key()),
        Topic(HEARTBEAT_TOPIC, 1, _kept_for(1)),
        Topic(SIGNAL_TOPIC, 1, _kept_for(settings.private_retention_days)),
    )


def _kept_for(days: int) -> dict[str, str]:
    # retention works on whole segments: a segment a day makes it exact to a day
    return {"cleanup.policy": "delete", "retention.ms": str(days * DAY_MS), "segment.ms": str(DAY_MS)}


def _newest_per_key() -> dict[str, str]:
    # without a bound on the lag, an erased row could stay in a segment that nothing makes dirty enough to compact
    return {"cleanup.policy": "compact", "max.compaction.lag.ms": str(DAY_MS), "delete.retention.ms": str(DAY_MS)}


def keep_topics(
    admin: AdminClient, broker: KafkaBroker, wanted: Iterable[Topic], *, wait_s: float = WAIT_S
) -> list[str]:
    """Create the topics that are missing and correct the configuration of the others; the names of both.

    Nothing is ever dropped. Raises SourceUnavailable when the ``broker`` of ``admin`` does not answer or refuses.
    """
    by_name = {topic.name: topic for topic in wanted}
    try:
        present = _present(admin, broker, wait_s)
        new = [topic for name, topic in by_name.items() if name not in present]
        created = (
            {}
            if not new
            else admin.create_topics(
                [NewTopic(topic.name, topic.partitions, BROKER_DEFAULT, config=dict(topic.config)) for topic in new]
            )
        )
        for future in created.values():
            _unless_it_exists(future, wait_s)
        return [*created, *_correct(admin, [topic for name, topic in by_name.items() if name in present], wait_s)]
    except KafkaException as error:
        reason = error.args[0].str() if error.args and isinstance(error.args[0], KafkaError) else str(error)
        raise SourceUnavailable(
            f"Kafka at {broker} does not take the topics of the stream: {reason}. "
            "See whether the broker runs, and kafka.log."
        ) from error


def _present(admin: AdminClient, broker: KafkaBroker, wait_s: float) -> Mapping[str, object]:
    """The topics that are there, waiting for a broker that is away and not for one that refuses."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return admin.list_topics(timeout=min(wait_s, _ATTEMPT_S)).topics
        except KafkaException:
            if because := kafka_refusal(broker):
                raise SourceUnavailable(because) from None
            if time.monotonic() > deadline:
                raise


def _unless_it_exists(future: "Future[None]", wait_s: float) -> None:
    """Wait for a creation; somebody else's being faster is as good."""
    try:
        future.result(wait_s)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def _correct(admin: AdminClient, existing: list[Topic], wait_s: float) -> list[str]:
    resources = {topic.name: ConfigResource(ResourceType.TOPIC, topic.name) for topic in existing}
    if not resources:
        return []
    described = admin.describe_configs(list(resources.values()))
    changes = []
    for topic in existing:
        present = described[resources[topic.name]].result(wait_s)
        wrong = {name: value for name, value in topic.config.items() if present[name].value != value}
        if wrong:
            changes.append(
                ConfigResource(
                    ResourceType.TOPIC,
                    topic.name,
                    incremental_configs=[
                        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                        for name, value in wrong.items()
                    ],
                )
            )
    if changes:
        for future in admin.incremental_alter_configs(changes).values():
            future.result(wait_s)
    return [change.name for change in changes]
