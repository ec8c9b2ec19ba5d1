"""One suite over every event publisher: what is published is there, complete and in order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import psutil
import pytest
from screenings import Screenings, patiently

from dataflix.errors import SourceUnavailable
from dataflix.settings import KafkaBroker, Settings
from stack.home import Home
from stack.supervision import Supervisor
from stream_processors.batches import Message
from stream_processors.event_publisher import EventPublisher, KafkaPublisher, MemoryPublisher


class Published(Protocol):
    """A publisher, a topic, and a look at what came there."""

    publisher: EventPublisher
    topic: str

    def found(self) -> list[tuple[bytes | None, bytes | None]]:
        """Keys and values, in the order of each key."""


class InMemory:
    topic = "masked.screenings"

    def __init__(self) -> None:
        self.publisher = MemoryPublisher()

    def found(self) -> list[tuple[bytes | None, bytes | None]]:
        return [(message.key, message.value) for message in self.publisher.messages]


class InKafka:
    def __init__(self, screenings: Screenings) -> None:
        self._screenings = screenings
        self.topic = screenings.table.masked_topic
        self.publisher = KafkaPublisher(screenings.settings.kafka)

    def found(self) -> list[tuple[bytes | None, bytes | None]]:
        return self._screenings.messages(self.topic)


@pytest.fixture
def screenings(kafka: Settings, tmp_path: Path) -> Screenings:
    made = Screenings(kafka, tmp_path / "contracts")
    made.create_topics()
    return made


@pytest.fixture
def in_kafka(screenings: Screenings) -> Iterator[InKafka]:
    published = InKafka(screenings)
    yield published
    published.publisher.close()


@pytest.fixture(params=["memory", "kafka"])
def published(request: pytest.FixtureRequest) -> Published:
    made: Published = InMemory() if request.param == "memory" else request.getfixturevalue("in_kafka")
    return made


async def test_every_message_is_there_and_those_of_a_key_are_in_order(published: Published) -> None:
    messages = [Message(published.topic, f"key {number % 7}".encode(), str(number).encode()) for number in range(2_000)]
    await published.publisher.publish(messages[:1_500])
    await published.publisher.publish(messages[1_500:])
    found = published.found()
    assert len(found) == len(messages)
    for number in range(7):
        key = f"key {number}".encode()
        assert [value for at, value in found if at == key] == [m.value for m in messages if m.key == key]


async def test_a_tombstone_has_no_value(published: Published) -> None:
    await published.publisher.publish([Message(published.topic, b"key", b"1"), Message(published.topic, b"key", None)])
    assert published.found() == [(b"key", b"1"), (b"key", None)]


async def test_a_large_event_passes(published: Published) -> None:
    value = b"x" * 900_000
    await published.publisher.publish([Message(published.topic, b"key", value)])
    assert published.found() == [(b"key", value)]


async def test_a_broker_that_is_away_is_told_and_no_message_is_left_to_come_late() -> None:
    publisher = KafkaPublisher(KafkaBroker("127.0.0.1", 1), patience_seconds=0.5)
    with pytest.raises(SourceUnavailable, match="Kafka did not acknowledge 2 of 2 messages"):
        await publisher.publish(
            [Message("masked.screenings", b"key", b"1"), Message("masked.screenings", b"key", b"2")]
        )
    publisher.close()


def suspend(process: psutil.Process) -> None:
    """Stop it, and wait until it has: a busy machine lets it run on for a moment."""
    process.suspend()

    @patiently()
    def stopped() -> None:
        assert process.status() == psutil.STATUS_STOPPED

    stopped()


@patiently()
async def publish_at_last(publisher: EventPublisher, *messages: Message) -> None:
    """Try again until it is acknowledged: a topic that was just made, or a broker that wakes up, takes a moment."""
    try:
        await publisher.publish(messages)
    except SourceUnavailable as error:
        raise AssertionError(str(error)) from None


async def test_what_a_silent_broker_did_not_acknowledge_is_published_by_the_next_try(screenings: Screenings) -> None:
    topic = screenings.table.masked_topic
    publisher = KafkaPublisher(screenings.settings.kafka, patience_seconds=1)
    await publish_at_last(publisher, Message(topic, b"key", b"1"))
    broker = psutil.Process(Supervisor(Home(screenings.settings)).processes()["kafka"].pid)
    suspend(broker)
    try:
        with pytest.raises(SourceUnavailable, match="did not acknowledge 2 of 2"):
            await publisher.publish([Message(topic, b"key", b"2"), Message(topic, b"key", b"3")])
    finally:
        broker.resume()

    await publish_at_last(publisher, Message(topic, b"key", b"2"), Message(topic, b"key", b"3"))
    publisher.close()
    values = [value for _, value in screenings.messages(topic)]
    assert values[0] == b"1"
    assert values[-2:] == [b"2", b"3"]
