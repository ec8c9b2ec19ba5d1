"""Nothing outside PostgreSQL and the private topics holds a person's name, user name or e-mail."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from minio import Minio
from running_stack import Stack, patiently

MARKS = ("qzuniquser", "qzuniqmail", "Qzuniqfirst", "Qzuniqlast")
PERSON = {
    "username": MARKS[0],
    "email": f"{MARKS[1]}@example.net",
    "first_name": MARKS[2],
    "last_name": MARKS[3],
    "city": "Qzcity",
}
JOHN = (b"john_doe", b"john.doe@example.com")
PERSONAL = re.compile("|".join(MARKS).encode() + b"|" + b"|".join(re.escape(value) for value in JOHN), re.IGNORECASE)
PRIVATE = ("postgres", "kafka", "runtime", "tests")


@pytest.fixture(scope="module")
def person(stack: Stack) -> int:
    """Somebody unmistakable went through every path: signed up, failed to sign up twice, rated, was trained on."""
    user = stack.sign_up(**PERSON)
    assert stack.api.post("/users", json=PERSON).status_code == 409
    assert stack.api.post("/users", json=PERSON | {"age": "old", "username": f"{MARKS[0]}2"}).is_client_error
    stack.rate(user, 3, 5.0)
    for attempt in patiently():
        with attempt:
            assert stack.raw_rating(user, 3) == 5.0
    stack.must_run("dbt", "build")
    stack.must_run("train")
    return user


def test_raw_holds_the_masked_person(stack: Stack, person: int) -> None:
    query = "select username, email, first_name, last_name, city from raw.users final where user_id = {user:Int64}"
    [row] = stack.clickhouse.query(query, parameters={"user": person}).result_rows
    username, email, first, last, city = row
    assert re.fullmatch("[0-9a-f]{16}", username)
    assert re.fullmatch("[0-9a-f]{16}", email)
    assert (first, last, city) == ("Q" + "*" * 10, "Q" + "*" * 9, "Qzcity")


def test_john_doe_of_the_sample_is_masked(stack: Stack) -> None:
    query = "select first_name, last_name from raw.users final where user_id = 1"
    assert stack.clickhouse.query(query).result_rows == [("J***", "D**")]


@pytest.mark.usefixtures("person")
def test_no_clickhouse_table_holds_personal_values(stack: Stack) -> None:
    client = stack.clickhouse
    query = "select database, name from system.tables where database in ('raw', 'analytics', 'pipeline')"
    tables = client.query(query).result_rows
    assert len(tables) > 4
    for database, name in tables:
        dump = client.raw_query(f"select * from `{database}`.`{name}`", fmt="TabSeparated")  # noqa: S608 names from ClickHouse
        assert not PERSONAL.search(dump), f"{database}.{name}"


def records(stack: Stack, topic: str) -> Iterator[bytes]:
    """Keys, values and headers of everything that a topic holds."""
    consumer = Consumer(
        {"bootstrap.servers": str(stack.settings.kafka), "group.id": "privacy", "enable.auto.commit": False}
    )
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        for partition in partitions:
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            if end == 0:
                continue
            consumer.assign([TopicPartition(topic, partition, 0)])
            while True:
                message = consumer.poll(10)
                assert message is not None, f"{topic} ended before its end offset {end}"
                assert message.error() is None, message.error()
                yield b"".join((message.key() or b"", message.value() or b"", repr(message.headers()).encode()))
                if message.offset() >= end - 1:
                    break
    finally:
        consumer.close()


@pytest.mark.usefixtures("person")
def test_no_public_topic_holds_personal_values(stack: Stack) -> None:
    consumer = Consumer({"bootstrap.servers": str(stack.settings.kafka), "group.id": "privacy"})
    topics = [
        topic for topic in consumer.list_topics(timeout=10).topics if topic.startswith(("masked.", "dead", "models"))
    ]
    consumer.close()
    assert {"masked.users", "masked.ratings", "dead_letters", "models"} <= set(topics)
    seen = 0
    for topic in topics:
        for record in records(stack, topic):
            seen += 1
            assert not PERSONAL.search(record), topic
    assert seen > 80


@pytest.mark.usefixtures("person")
def test_no_model_artifact_holds_personal_values(stack: Stack) -> None:
    settings = stack.settings
    store = Minio(
        str(settings.s3),
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        secure=False,
    )
    names = [entry.object_name for entry in store.list_objects("mlflow", recursive=True)]
    assert any(str(name).endswith("item_model.npz") for name in names)
    for name in names:
        answer = store.get_object("mlflow", str(name))
        try:
            assert not PERSONAL.search(answer.read()), name
        finally:
            answer.close()
            answer.release_conn()


@pytest.mark.usefixtures("person")
def test_no_log_and_no_other_file_of_the_home_holds_personal_values(stack: Stack) -> None:
    scanned = 0
    for file in stack.home.rglob("*"):
        if file.is_file() and file.relative_to(stack.home).parts[0] not in PRIVATE:
            scanned += 1
            assert not PERSONAL.search(file.read_bytes()), file
    assert scanned > 20
    logs = list((stack.home / "logs").glob("*.log"))
    assert {"api", "worker", "postgres", "kafka", "connect"} <= {Path(log).name.split(".")[0] for log in logs}


@pytest.mark.usefixtures("person")
def test_lists_of_people_are_masked_over_rest(stack: Stack) -> None:
    answers = [stack.api.get("/users", params={"limit": 100}), stack.api.get("/users/1")]
    assert all(answer.status_code == httpx.codes.OK for answer in answers)
    for answer in answers:
        assert not PERSONAL.search(answer.content)
