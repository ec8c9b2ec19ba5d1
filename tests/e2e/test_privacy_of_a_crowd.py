"""A thousand people go through every path, failures included; then every byte outside of PostgreSQL's data and the
private topics is searched for them.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from crowd import HASH, MARK, PEOPLE, Crowd, plain_hashes
from minio import Minio
from running_stack import Stack, patiently

PRIVATE = re.compile(r"(?:postgres|runtime|tests)/|kafka/data/cdc\.public\.")
HALF = PEOPLE // 2


@pytest.fixture(scope="module")
def crowd(stack: Stack) -> Iterator[Crowd]:
    """Everybody has gone through, under a key."""
    if json.loads(stack.must_run("masking", "show", "--json"))["key_id"] == "plain":
        stack.must_run("masking", "rotate")
    people = Crowd(stack)
    people.sign_up(0, HALF)
    stack.kill("worker")  # in the midst of it
    people.await_raw(HALF)
    client = stack.clickhouse
    client.command("rename table raw.users to raw.users_away")  # ClickHouse refuses what the worker inserts
    try:
        people.sign_up(HALF, PEOPLE)
        people.be_refused()
        log = stack.home / "logs" / "worker.log"
        for attempt in patiently():
            with attempt:
                assert b'"target": "raw.users"' in log.read_bytes()
    finally:
        client.command("rename table raw.users_away to raw.users")
    people.await_raw(PEOPLE)
    people.write_malformed_events()
    people.write_unnamed_columns()
    for attempt in patiently():
        with attempt:
            waiting = json.loads(stack.must_run("dlq", "list", "--json"))
            assert len(waiting) >= people.letters
    stack.must_run("dlq", "show", str(waiting[-1]["number"]), "--json")
    assert stack.run("dlq", "replay", "--table", "users").returncode == 1  # still malformed, all of them
    client.command("system flush logs")
    yield people
    people.take_back_what_no_row_stands_behind()


@pytest.fixture(scope="module")
def guesses() -> frozenset[bytes]:
    return plain_hashes()


def search(dump: bytes, guesses: frozenset[bytes], where: object) -> None:
    assert not MARK.search(dump), where
    assert not guesses.intersection(HASH.findall(dump)), f"{where} holds hashes without a key"


@pytest.mark.usefixtures("crowd")
def test_no_table_of_clickhouse_holds_anything_of_anybody(stack: Stack, guesses: frozenset[bytes]) -> None:
    client = stack.clickhouse
    databases = "'raw', 'analytics', 'pipeline', 'system', 'default'"
    query = f"select database, name from system.tables where database in ({databases})"  # noqa: S608 names from above
    names = {
        (database, name)
        for database, name in client.query(query).result_rows
        if database != "system" or name.endswith("_log")
    }
    assert ("raw", "users") in names
    assert ("system", "query_log") in names
    for database, name in sorted(names):
        dump = client.raw_query(f"select * from `{database}`.`{name}`", fmt="JSONEachRow")  # noqa: S608 names from ClickHouse
        search(dump, guesses, f"{database}.{name}")


def records(consumer: Consumer, topics: list[str]) -> Iterator[tuple[str, bytes]]:
    """Keys, values and headers of everything that the topics hold, each with its topic."""
    there = consumer.list_topics(timeout=10).topics
    left = {(topic, partition) for topic in topics for partition in there[topic].partitions}
    consumer.assign([TopicPartition(*place, 0) for place in sorted(left)])
    silent = 0
    while left:
        messages = consumer.consume(10_000, timeout=0.2)
        silent = 0 if messages else silent + 1
        assert silent < 300, f"{sorted(left)} did not come to an end"
        for message in messages:
            if (error := message.error()) is not None:
                assert error.name() == "_PARTITION_EOF", error
                left.discard((str(message.topic()), message.partition() or 0))
            else:
                parts = (message.key() or b"", message.value() or b"", repr(message.headers()).encode())
                yield str(message.topic()), b" ".join(map(bytes, parts))


@pytest.mark.usefixtures("crowd")
def test_no_topic_but_the_private_ones_holds_anything_of_anybody(stack: Stack, guesses: frozenset[bytes]) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": str(stack.settings.kafka),
            "group.id": "crowd",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        topics = [name for name in consumer.list_topics(timeout=10).topics if not name.startswith("cdc.public.")]
        assert {"masked.users", "dead_letters", "models", "connect.offsets", "__consumer_offsets"} <= set(topics)
        seen = 0
        for topic, record in records(consumer, topics):
            seen += 1
            search(record, guesses, topic)
    finally:
        consumer.close()
    assert seen > 2 * PEOPLE


@pytest.mark.usefixtures("crowd")
def test_neither_models_nor_their_registry_hold_anything_of_anybody(stack: Stack, guesses: frozenset[bytes]) -> None:
    settings = stack.settings
    store = Minio(
        str(settings.s3),
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        secure=False,
    )
    for bucket in store.list_buckets():
        for entry in store.list_objects(bucket.name, recursive=True):
            answer = store.get_object(bucket.name, str(entry.object_name))
            try:
                search(answer.read(), guesses, entry.object_name)
            finally:
                answer.close()
                answer.release_conn()
    with stack.source("mlflow") as registry:
        names = registry.execute("select table_name from information_schema.tables where table_schema = 'public'")
        for (name,) in names.fetchall():
            with registry.cursor().copy(f'copy "{name}" to stdout') as rows:
                search(b"".join(map(bytes, rows)), guesses, f"mlflow.{name}")


@pytest.mark.usefixtures("crowd")
def test_no_metric_holds_anything_of_anybody(stack: Stack, guesses: frozenset[bytes]) -> None:
    for url in (stack.settings.worker.url, stack.settings.api.url):
        for page in ("/metrics", "/health"):
            answer = httpx.get(url + page)
            assert answer.content
            search(answer.content, guesses, url + page)


@pytest.mark.usefixtures("crowd")
def test_no_other_file_of_the_home_holds_anything_of_anybody(stack: Stack, guesses: frozenset[bytes]) -> None:
    scanned = set()
    for file in stack.home.rglob("*"):
        name = str(file.relative_to(stack.home))
        if file.is_file() and not PRIVATE.match(name):
            with suppress(FileNotFoundError):  # merged away meanwhile: what it held is in another file
                search(file.read_bytes().rstrip(b"\0"), guesses, name)  # Kafka's indexes are mostly room for more
                scanned.add(name.split("/", maxsplit=1)[0])
    assert {"clickhouse", "connect", "kafka", "logs", "s3", "supervisor"} <= scanned
