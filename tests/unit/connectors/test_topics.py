"""The topics of the stream, and what becomes of those that exist already."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from connectors.topics import DAY_MS, Topic, keep_topics, topics
from dataflix.contracts import load_contracts
from dataflix.errors import SourceUnavailable
from dataflix.settings import PROJECT, KafkaBroker, Settings

ADDRESS = KafkaBroker("127.0.0.1", 9092)
TABLES = {"movies", "ratings", "users", "watched_movies"}


@pytest.fixture
def by_name() -> dict[str, Topic]:
    settings = Settings(topic_partitions=6, private_retention_days=3)
    return {topic.name: topic for topic in topics(load_contracts(PROJECT / "contracts"), settings)}


def test_every_table_has_a_private_and_a_masked_topic(by_name: dict[str, Topic]) -> None:
    assert {name.removeprefix("cdc.public.") for name in by_name if name.startswith("cdc.public.")} == TABLES
    assert {name.removeprefix("masked.") for name in by_name if name.startswith("masked.")} == TABLES
    assert {"dead_letters", "models", "__debezium-heartbeat.cdc", "cdc.dataflix.signals"} < set(by_name)


def test_personal_values_in_clear_are_kept_for_days_only(by_name: dict[str, Topic]) -> None:
    private = by_name["cdc.public.users"]
    assert private.config["cleanup.policy"] == "delete"
    assert private.config["retention.ms"] == str(3 * DAY_MS)
    assert int(private.config["segment.ms"]) <= DAY_MS


def test_the_public_topics_keep_the_newest_event_of_a_row(by_name: dict[str, Topic]) -> None:
    assert by_name["masked.ratings"].config["cleanup.policy"] == "compact"
    assert by_name["models"].config["cleanup.policy"] == "compact"


def test_the_topics_of_one_table_have_the_same_partitions(by_name: dict[str, Topic]) -> None:
    for table in TABLES:
        assert by_name[f"cdc.public.{table}"].partitions == by_name[f"masked.{table}"].partitions == 6


def test_a_description_of_a_megabyte_fits(by_name: dict[str, Topic]) -> None:
    for name in ("cdc.public.movies", "masked.movies"):
        assert int(by_name[name].config["max.message.bytes"]) > 6 * 1_000_000


def done(value: Any = None, error: KafkaError | None = None) -> "Future[Any]":
    future: Future[Any] = Future()
    if error:
        future.set_exception(KafkaException(error))
    else:
        future.set_result(value)
    return future


@dataclass
class Broker:
    """Enough of an AdminClient: topics by name with their configuration."""

    topics: dict[str, dict[str, str]] = field(default_factory=dict)
    error: KafkaError | None = None

    def list_topics(self, **_options: float) -> SimpleNamespace:
        if self.error:
            raise KafkaException(self.error)
        return SimpleNamespace(topics=dict(self.topics))

    def create_topics(self, new: Sequence[Any]) -> dict[str, "Future[Any]"]:
        self.topics |= {topic.topic: dict(topic.config) for topic in new}
        return {topic.topic: done() for topic in new}

    def describe_configs(self, resources: Sequence[Any]) -> dict[Any, "Future[Any]"]:
        return {
            resource: done({name: SimpleNamespace(value=value) for name, value in self.topics[resource.name].items()})
            for resource in resources
        }

    def incremental_alter_configs(self, resources: Sequence[Any]) -> dict[Any, "Future[Any]"]:
        for resource in resources:
            self.topics[resource.name] |= {entry.name: entry.value for entry in resource.incremental_configs}
        return {resource: done() for resource in resources}


def a_topic(retention: str = "7") -> Topic:
    return Topic("cdc.public.genres", 4, {"retention.ms": retention})


def test_a_missing_topic_is_created() -> None:
    broker = Broker()
    assert keep_topics(cast("AdminClient", broker), ADDRESS, [a_topic()]) == ["cdc.public.genres"]
    assert broker.topics == {"cdc.public.genres": {"retention.ms": "7"}}


def test_a_topic_that_is_as_it_should_be_is_left_alone() -> None:
    broker = Broker({"cdc.public.genres": {"retention.ms": "7", "compression.type": "lz4"}})
    assert keep_topics(cast("AdminClient", broker), ADDRESS, [a_topic()]) == []


def test_a_topic_with_another_configuration_gets_ours_and_keeps_the_rest() -> None:
    broker = Broker({"cdc.public.genres": {"retention.ms": "1", "compression.type": "lz4"}})
    assert keep_topics(cast("AdminClient", broker), ADDRESS, [a_topic()]) == ["cdc.public.genres"]
    assert broker.topics == {"cdc.public.genres": {"retention.ms": "7", "compression.type": "lz4"}}


def test_a_topic_that_somebody_else_made_meanwhile_is_as_good(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    exists = KafkaError(KafkaError.TOPIC_ALREADY_EXISTS)
    monkeypatch.setattr(broker, "create_topics", lambda new: {topic.topic: done(error=exists) for topic in new})
    assert keep_topics(cast("AdminClient", broker), ADDRESS, [a_topic()]) == ["cdc.public.genres"]


def test_a_silent_broker_is_a_sentence() -> None:
    broker = Broker(error=KafkaError(KafkaError._TRANSPORT))
    with pytest.raises(SourceUnavailable, match=r"Kafka at 127\.0\.0\.1:9092 does not take the topics"):
        keep_topics(cast("AdminClient", broker), ADDRESS, [a_topic()], wait_s=0.1)
