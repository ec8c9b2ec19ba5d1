"""The masking key of a running stack is changed, an interruption included, and the old one is gone at the end."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from running_stack import COMMAND, Stack, patiently

from dataflix.masking import key_id, mask_hash
from dataflix.settings import PROJECT

EMAIL = "qzrotated@example.net"


def shown(stack: Stack) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(stack.must_run("masking", "show", "--json"))
    return told


def email_in_raw(stack: Stack, user: int) -> list[str]:
    """Every version that raw keeps."""
    query = "select email from raw.users where user_id = {user:Int64} and not _deleted"
    return [row[0] for row in stack.clickhouse.query(query, parameters={"user": user}).result_rows]


def masked_users(stack: Stack) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """Key and value of everything that the topic holds, in the order of each partition."""
    consumer = Consumer(
        {"bootstrap.servers": str(stack.settings.kafka), "group.id": "rotation", "enable.auto.commit": False}
    )
    try:
        for partition in consumer.list_topics("masked.users", timeout=10).topics["masked.users"].partitions:
            place = TopicPartition("masked.users", partition, 0)
            _, end = consumer.get_watermark_offsets(place, timeout=10)
            consumer.assign([place])
            offset = -1
            while offset < end - 1:
                message = consumer.poll(10)
                assert message is not None, f"masked.users ended before its end offset {end}"
                assert message.error() is None, message.error()
                offset = message.offset() or 0
                value = message.value()
                yield bytes(message.key() or b""), None if value is None else json.loads(value)
    finally:
        consumer.close()


@pytest.fixture(scope="module")
def person(stack: Stack) -> int:
    user = stack.sign_up(username="qzrotated", email=EMAIL)
    for attempt in patiently():
        with attempt:
            assert email_in_raw(stack, user)
    return user


def test_an_interrupted_rotation_is_finished_by_the_next_run_under_the_same_key(stack: Stack, person: int) -> None:
    before = shown(stack)["key_id"]
    rotating = subprocess.Popen(
        [sys.executable, str(COMMAND), "masking", "rotate"],
        cwd=PROJECT,
        env=stack.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for attempt in patiently():
        with attempt:
            begun = key_id(stack.settings.masking_key.get_secret_value().encode())
            assert begun != before
    rotating.kill()
    rotating.wait(60)

    receipt = json.loads(stack.must_run("masking", "rotate", "--json"))

    assert receipt["proof"] == "clean"
    assert receipt["key_id"] == shown(stack)["key_id"] == begun
    assert set(shown(stack)["rows"]["raw.users"]) == {begun}
    key = stack.settings.masking_key.get_secret_value()
    assert set(email_in_raw(stack, person)) == {mask_hash(EMAIL, key.encode())}
    newest = {key: value for key, value in masked_users(stack) if value is None or not value["_deleted"]}
    assert {value["_key_id"] for value in newest.values() if value} == {begun}


def test_the_key_is_in_no_log_and_no_file_but_that_of_the_credentials(stack: Stack) -> None:
    key = stack.settings.masking_key.get_secret_value().encode()
    assert len(key) >= 40
    files = [
        file
        for file in stack.home.rglob("*")
        if file.is_file() and file.relative_to(stack.home).parts[0] not in {"runtime", "tests"}
    ]
    assert [file.name for file in files if key in file.read_bytes()] == ["secrets.env"]


def test_what_comes_after_a_rotation_is_under_the_new_key_and_source_and_raw_agree(stack: Stack) -> None:
    user = stack.sign_up(username="qzafter", email="qzafter@example.net")
    key = stack.settings.masking_key.get_secret_value().encode()
    for attempt in patiently():
        with attempt:
            assert email_in_raw(stack, user) == [mask_hash("qzafter@example.net", key)]
    verdict = json.loads(stack.must_run("verify", "--table", "users", "--json"))
    assert verdict["equal"] is True


def test_the_key_that_is_in_use_is_refused_as_the_next_one(stack: Stack) -> None:
    key = stack.settings.masking_key.get_secret_value()
    refused = Stack(stack.home, stack.environment | {"DATAFLIX_MASKING_KEY": key}).run("masking", "rotate")
    assert refused.returncode == 2
    assert "names the key that is in use" in refused.stderr
    assert key not in refused.stderr + refused.stdout
