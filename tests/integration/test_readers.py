"""Readers of the public topics on a real broker: `bin/dataflix tail`, and the consumer of the documentation."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer
from screenings import Screenings, a_screening

from dataflix.preparation import compile_prepare
from dataflix.settings import PROJECT, Settings
from tests.debezium import an_event

DATAFLIX = [sys.executable, str(PROJECT / "bin" / "dataflix")]
LIMIT_S = 60


class MaskedScreenings(Screenings):
    """Writes masked events as the worker does."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(settings, folder)
        self._prepare = compile_prepare(self.table, b"")
        self._masked = Producer({"bootstrap.servers": str(settings.kafka), "partitioner": "murmur2_random"})

    @property
    def topic(self) -> str:
        return self.table.masked_topic

    def publish(self, row: dict[str, Any], version: int, op: str = "c") -> None:
        """``version`` orders the events of a row; a delete is followed by its tombstone."""
        event = self._prepare(an_event(row, op=op, table=self.table.name, commit=version), 0, 0)
        self._masked.produce(self.topic, event.value, event.key)
        if op == "d":
            self._masked.produce(self.topic, None, event.key)
        assert self._masked.flush(30) == 0


@pytest.fixture
def screenings(kafka: Settings, tmp_path: Path) -> MaskedScreenings:
    made = MaskedScreenings(kafka, tmp_path / "contracts")
    made.create_topics()
    return made


def tail(screenings: Screenings, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [*DATAFLIX, "tail", *arguments],
        env=screenings.environment | variables,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that goes on until it is ended."""
    pipe = subprocess.PIPE
    # A run that a script put into the background ignores Ctrl-C, and so would what it starts
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
            signal.signal(signal.SIGINT, inherited)


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """The next lines that it prints, when they come."""
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def test_tail_shows_what_there_is_for_programs(screenings: MaskedScreenings) -> None:
    screenings.publish(a_screening(1), version=1)
    screenings.publish(a_screening(1), version=2, op="d")
    done = tail(screenings, screenings.topic, "--from-beginning", "--json", "--limit", "3")
    assert done.returncode == 0
    messages = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert {message["topic"] for message in messages} == {screenings.topic}
    assert {orjson.dumps(message["key"]) for message in messages} == {screenings.key(a_screening(1))}
    assert [message["value"] and message["value"]["_op"] for message in messages] == ["c", "d", None]
    assert [message["offset"] for message in messages] == [0, 1, 2]


def test_tail_follows_until_ctrl_c_and_leaves_quietly(screenings: MaskedScreenings) -> None:
    screenings.publish(a_screening(1), version=1)
    with started([*DATAFLIX, "tail", screenings.topic], screenings.environment) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(f"Following {screenings.topic}")
        screenings.publish(a_screening(2, seats=240), version=2)
        screenings.publish(a_screening(2, seats=241), version=3, op="u")
        created, updated = lines(process, 2)
        assert 'create     venue="Roxy"  number=2  seats=240' in created
        assert updated.endswith('update     venue="Roxy"  number=2  seats: 240 → 241\n')
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
        assert process.stdout is not None
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


def test_tail_refuses_what_holds_personal_data(screenings: MaskedScreenings) -> None:
    screenings.write(a_screening(1))
    screenings.flush()
    refused = tail(screenings, screenings.table.private_topic, "--from-beginning", "--limit", "1")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "is private, because it holds personal data" in refused.stderr


def test_tail_names_the_topic_that_was_meant(screenings: MaskedScreenings) -> None:
    refused = tail(screenings, screenings.topic.removesuffix("x") + "x")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"Did you mean {screenings.topic}?" in refused.stderr


def test_tail_of_a_topic_that_is_not_there_yet_says_who_makes_it(kafka: Settings, tmp_path: Path) -> None:
    unmade = MaskedScreenings(kafka, tmp_path / "unmade")
    refused = tail(unmade, unmade.topic)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"has no topic {unmade.topic} yet" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_tail_says_that_the_broker_is_away(screenings: MaskedScreenings) -> None:
    refused = tail(screenings, screenings.topic, DATAFLIX_KAFKA_HOST="127.0.0.1", DATAFLIX_KAFKA_PORT="1")
    assert (refused.returncode, refused.stdout) == (1, "")
    (sentence,) = refused.stderr.splitlines()
    assert sentence.startswith("dataflix: Kafka does not answer at 127.0.0.1:")


def test_the_consumer_of_the_documentation_keeps_the_newest_version_of_each_row(screenings: MaskedScreenings) -> None:
    screenings.publish(a_screening(1, seats=1), version=1)
    screenings.publish(a_screening(1, seats=3), version=3, op="u")
    screenings.publish(a_screening(1, seats=2), version=2, op="u")
    screenings.publish(a_screening(1), version=4, op="d")
    screenings.publish(a_screening(1, seats=3), version=3, op="u")
    screenings.publish(a_screening(1, seats=5), version=5)
    example = [sys.executable, str(PROJECT / "docs" / "examples" / "consumer.py")]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DATAFLIX_", "PYTHONPATH"))
    }
    with started([*example, str(screenings.settings.kafka), screenings.topic], environment) as process:
        told = [line.split(" ", 1) for line in lines(process, 4)]
    assert [(state, orjson.loads(event).get("seats")) for state, event in told] == [
        ("is", 1),
        ("is", 3),
        ("gone", None),
        ("is", 5),
    ]
