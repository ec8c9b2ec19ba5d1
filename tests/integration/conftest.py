"""The real servers of the integration tests: one home for the whole run, each server started when a test first asks.

``postgres``, ``kafka``, ``connect``, ``clickhouse``, ``s3`` and ``mlflow`` each yield the Settings of that home with
the server up; ``source`` adds migrations and sample data, ``stream`` the registered connector.

The home lies below ``DATAFLIX_TEST_HOMES`` (or a temporary folder), its ports are moved by
``DATAFLIX_TEST_PORT_OFFSET`` (12000), and ``DATAFLIX_RUNTIME`` names the installed environment. Where pytest runs in
several processes, each has a home of its own, and its ports are moved further.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # not marked
from own_stack import Stack
from running_worker import StartWorker, Worker, running
from screenings import Screenings

from dataflix.contracts import load_contracts
from dataflix.model_registry import ANNOUNCEMENTS
from dataflix.settings import Settings
from tests.ports import port_offset

DEFAULT_PORT_OFFSET = 12_000


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """An own home without any server yet. Everything in it is gone after the run."""
    parent = os.environ.get("DATAFLIX_TEST_HOMES")
    if parent:
        Path(parent).mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="integration-", dir=parent))
    home.chmod(0o755)  # started by root, PostgreSQL runs as another user, who must reach its data
    servers = Stack(home, port_offset(DEFAULT_PORT_OFFSET))
    try:
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="session")
def postgres(stack: Stack) -> Settings:
    """PostgreSQL, as the cluster was made: no role and no table of ours."""
    return stack.need("postgres")


@pytest.fixture(scope="session")
def kafka(stack: Stack) -> Settings:
    """A Kafka broker without topics."""
    return stack.need("kafka")


@pytest.fixture(scope="session")
def public_topics(kafka: Settings) -> Settings:
    """The topics that the API follows."""
    admin = AdminClient({"bootstrap.servers": str(kafka.kafka)})
    compacted = {"cleanup.policy": "compact"}
    tables = load_contracts(kafka.contracts)
    wanted = [NewTopic(table.masked_topic, kafka.topic_partitions, 1, config=compacted) for table in tables]
    wanted.append(NewTopic(ANNOUNCEMENTS, 1, 1, config=compacted))
    for made in admin.create_topics(wanted).values():
        try:
            made.result()
        except KafkaException as error:  # the tests of the connector make the same topics
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
    return kafka


@pytest.fixture(scope="session")
def connect(stack: Stack) -> Settings:
    """Kafka Connect with Debezium's plugin, on the broker of ``kafka``; no connector."""
    return stack.need("kafka", "connect")


@pytest.fixture(scope="session")
def clickhouse(stack: Stack) -> Settings:
    """ClickHouse without tables."""
    return stack.need("clickhouse")


@pytest.fixture(scope="session")
def s3(stack: Stack) -> Settings:
    """The object store without buckets."""
    return stack.need("s3")


@pytest.fixture(scope="session")
def mlflow(stack: Stack) -> Settings:
    """MLflow, with PostgreSQL and the object store behind it."""
    stack.need("postgres", "s3")
    stack.run("connectors", "migrate")
    stack.run("training", "create-buckets")
    return stack.need("mlflow")


@pytest.fixture(scope="session")
def source(stack: Stack, postgres: Settings) -> Settings:
    """PostgreSQL with roles, tables, publication and sample data."""
    stack.run("connectors", "migrate")
    stack.run("connectors", "load-sample")
    return postgres


@pytest.fixture(scope="session")
def stream(stack: Stack, source: Settings, connect: Settings) -> Settings:
    """``source``, whose changes Debezium publishes to the private topics."""
    stack.run("connectors", "register")
    return source


@pytest.fixture
def screenings(kafka: Settings, clickhouse: Settings, tmp_path: Path) -> Iterator[Screenings]:
    """A table of the test's own, with topics and a raw table, which is dropped after it: others read all of raw."""
    assert kafka.home == clickhouse.home
    made = Screenings(clickhouse, tmp_path / "contracts")
    made.create_topics()
    made.apply()
    yield made
    made.drop()


@pytest.fixture
def start_worker(screenings: Screenings, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts workers of ``screenings``, and ends them after the test."""
    workers: list[Worker] = []

    def start(**settings: Any) -> Worker:
        workers.append(Worker(screenings, tmp_path / f"worker-{len(workers)}.log", **settings))
        return workers[-1]

    with running(workers):
        yield start
