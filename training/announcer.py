"""Telling the running servers of a new champion: one message on the compacted topic of announcements."""

import logging

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from dataflix.errors import SourceUnavailable
from dataflix.kafka_access import kafka_refusal, librdkafka
from dataflix.model_registry import ANNOUNCEMENTS, Announcement
from dataflix.settings import Settings

_Config = dict[str, str | int | float | bool]

TIMEOUT_S = 15.0


def announce(settings: Settings, announcement: Announcement) -> None:
    """Publish the announcement, creating the topic where it is missing; back when the broker has it.

    Raises SourceUnavailable when Kafka does not take it within ``TIMEOUT_S`` seconds.
    """
    client: _Config = {
        **librdkafka(settings.kafka),
        "client.id": "dataflix-training",
    }
    # what librdkafka would print by itself; failures come back as errors
    silent = logging.getLogger("librdkafka")
    silent.setLevel(logging.CRITICAL)
    failures: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error:
            failures.append(error)

    try:
        _create_topic(AdminClient(client, logger=silent))
        producer = Producer({**client, "acks": "all", "delivery.timeout.ms": int(TIMEOUT_S * 1000)}, logger=silent)
        producer.produce(
            ANNOUNCEMENTS, key=announcement.name, value=announcement.model_dump_json(), on_delivery=delivered
        )
        left = producer.flush(TIMEOUT_S)
    except KafkaException as error:
        raise _refused(settings, announcement, error.args[0].name()) from error
    if failures or left:
        raise _refused(settings, announcement, failures[0].name() if failures else "timed out")


def _create_topic(admin: AdminClient) -> None:
    topic = NewTopic(ANNOUNCEMENTS, num_partitions=1, replication_factor=1, config={"cleanup.policy": "compact"})
    try:
        admin.create_topics([topic], request_timeout=TIMEOUT_S)[ANNOUNCEMENTS].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def _refused(settings: Settings, announcement: Announcement, reason: str) -> SourceUnavailable:
    cause = kafka_refusal(settings.kafka) or "See that it runs (`bin/dataflix status`)."
    return SourceUnavailable(
        f"Version {announcement.version} of {announcement.name} is the champion, but Kafka at {settings.kafka} did not "
        f"take the announcement ({reason}). {cause} The API takes the model up without it, when it next asks MLflow."
    )
