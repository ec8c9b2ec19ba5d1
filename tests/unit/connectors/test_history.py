"""What the watcher keeps of its readings, and how it counts dead letters."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from structlog.testing import capture_logs

from connectors.watcher.dead_letters import DeadLetterProbe, KafkaLetters
from connectors.watcher.probe import Level, Observation, Reading
from connectors.watcher.record import Recorder, Row
from connectors.watcher.watch import Finding
from dataflix import metrics
from dataflix.contracts import load_contracts
from dataflix.dead_letters import TOPIC, Coordinates, DeadLetter, Ending, Resolution
from dataflix.errors import SourceUnavailable
from dataflix.private_log import Record
from dataflix.settings import PROJECT

NOW = datetime(2026, 1, 5, 20, 15, tzinfo=UTC)
LAG = Reading(metrics.WATCHER_WORKER_LAG_EVENTS, 3, ("ratings",))
RUNS = Reading(metrics.WATCHER_CONNECTOR_RUNNING, 1)
FINDINGS = {
    "worker_lag": Finding(Observation(Level.OK, "Some wait.", (LAG,)), NOW, 0.1),
    "connector": Finding(Observation(Level.OK, "It runs.", (RUNS,)), NOW, 0.1),
}
CONTRACTS = load_contracts(PROJECT / "contracts")


class MemoryHistory:
    """Keeps rows, unless it is away."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.is_away = False

    def add(self, rows: Sequence[Row]) -> None:
        if self.is_away:
            raise SourceUnavailable("ClickHouse does not take the readings.")
        self.rows.extend(rows)


async def test_every_reading_is_kept_with_its_table() -> None:
    history = MemoryHistory()
    await Recorder(lambda: FINDINGS, history, lambda: NOW).record()
    assert history.rows == [
        (NOW, "dataflix_watcher_worker_lag_events", "ratings", 3.0),
        (NOW, "dataflix_watcher_connector_running", "", 1.0),
    ]


async def test_before_anything_is_found_nothing_is_kept() -> None:
    history = MemoryHistory()
    history.is_away = True
    with capture_logs() as said:
        await Recorder(dict, history).record()
    assert said == []


async def test_while_the_history_is_away_there_is_a_gap_that_is_told_once() -> None:
    history = MemoryHistory()
    recorder = Recorder(lambda: FINDINGS, history)
    with capture_logs() as said:
        history.is_away = True
        await recorder.record()
        await recorder.record()
        history.is_away = False
        await recorder.record()
        await recorder.record()
    assert [entry["event"] for entry in said] == ["history_interrupted", "history_goes_on"]
    assert len(history.rows) == 4


def letter(offset: int, table: str = "ratings") -> DeadLetter:
    return DeadLetter(
        topic=f"cdc.public.{table}",
        partition=0,
        offset=offset,
        key_hash=None,
        kind="malformed",
        reason="It is no JSON.",
        contract_version="1",
        epoch=0,
        at=NOW,
    )


class MemoryLetters:
    """A topic of dead letters, and how often it was read."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes]] = []
        self.reads = 0

    def add(self, message: DeadLetter | Resolution, at: Coordinates) -> None:
        self.messages.append((at.key(), message.value()))

    def span(self, _topic: str, _partition: int) -> range:
        return range(len(self.messages))

    def read(self, _topic: str, partition: int, offsets: range) -> Iterator[Record]:
        self.reads += 1
        for offset in offsets:
            key, value = self.messages[offset]
            yield Record(TOPIC, partition, offset, key, value)

    def acknowledged(self, _topic: str, _partition: int) -> int:
        return 0


async def test_a_letter_waits_until_somebody_is_done_with_it() -> None:
    topic = MemoryLetters()
    probe = DeadLetterProbe(KafkaLetters(topic, CONTRACTS))
    assert (await probe.observe()).level is Level.OK
    for offset in (1, 2):
        topic.add(letter(offset), letter(offset).coordinates)
    waiting = await probe.observe()
    assert waiting.level is Level.WARNING
    assert "2 of ratings" in waiting.sentence
    topic.add(Resolution(Ending.REPLAYED, NOW), letter(1).coordinates)
    counts = {reading.labels[0]: reading.value for reading in (await probe.observe()).readings}
    assert counts == {"users": 0, "movies": 0, "watched_movies": 0, "ratings": 1}


async def test_a_topic_that_has_not_changed_is_not_read_again() -> None:
    topic = MemoryLetters()
    topic.add(letter(1), letter(1).coordinates)
    probe = DeadLetterProbe(KafkaLetters(topic, CONTRACTS))
    first = await probe.observe()
    assert await probe.observe() == first
    assert topic.reads == 1
