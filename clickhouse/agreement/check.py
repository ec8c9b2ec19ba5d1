"""The check itself: each side is read, and handed to its rule."""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from clickhouse import catalog, migration
from clickhouse.agreement.disagreement import Disagreement, Place
from clickhouse.agreement.topic_rules import TopicState, compare_topics, policies
from clickhouse.raw_tables import RawTable
from clickhouse.reconciliation.source_side import connect, reported
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.contracts import Contracts
from dataflix.drift import CATALOGUE, drift, structures
from dataflix.errors import SourceUnavailable
from dataflix.kafka_access import kafka_refusal, librdkafka
from dataflix.settings import KafkaBroker, Settings

REPLY_SECONDS = 10.0


def check(settings: Settings, contracts: Contracts) -> list[Disagreement]:
    """Everything that differs from ``contracts``: at the source, in the topics, in the raw tables.

    Raises SourceUnavailable where PostgreSQL, Kafka or ClickHouse is away, SettingsError for a refused password.
    """
    return [
        *_source(settings, contracts),
        *compare_topics(contracts, settings.topic_partitions, read_topics(settings.kafka, contracts)),
        *_raw(settings, contracts),
    ]


def _source(settings: Settings, contracts: Contracts) -> list[Disagreement]:
    with connect(settings) as connection, reported(settings, None):
        rows = connection.execute(CATALOGUE, [[table.source for table in contracts]]).fetchall()
    return [
        Disagreement(Place.SOURCE, finding.table, finding.kind, finding.message, finding.stops)
        for finding in drift(contracts, structures(rows))
    ]


def _raw(settings: Settings, contracts: Contracts) -> list[Disagreement]:
    with clickhouse(settings, ClickHouseUser.ADMIN) as client:
        existing = catalog.existing_tables(client)
    tables = [RawTable.of(table) for table in contracts]
    return [
        Disagreement(Place.RAW, difference.table, difference.kind, difference.message, difference.stops)
        for difference in migration.differences(tables, existing)
    ]


def read_topics(kafka: KafkaBroker, contracts: Contracts) -> dict[str, TopicState]:
    """Those topics of the tables that exist. Raises SourceUnavailable."""
    admin = AdminClient(librdkafka(kafka) | {"client.id": "dataflix-contracts", "log_level": 0})
    try:
        present = admin.list_topics(timeout=REPLY_SECONDS).topics
        resources = {name: ConfigResource(ResourceType.TOPIC, name) for name in policies(contracts) if name in present}
        described = admin.describe_configs(list(resources.values())) if resources else {}
        return {
            name: TopicState(
                len(present[name].partitions), described[resource].result(REPLY_SECONDS)["cleanup.policy"].value
            )
            for name, resource in resources.items()
        }
    except (KafkaException, TimeoutError):
        raise SourceUnavailable(
            kafka_refusal(kafka)
            or f"Kafka at {kafka} does not tell its topics: see that it runs (`bin/dataflix status`), and that "
            "DATAFLIX_KAFKA_HOST and DATAFLIX_KAFKA_PORT name it."
        ) from None
