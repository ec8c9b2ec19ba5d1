"""Malformed events on a real broker, and what becomes of the letters about them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from running_worker import StartWorker
from screenings import Screenings, a_screening, an_unmistakable_screening, patiently

from dataflix.settings import PROJECT
from tests.debezium import an_event
from tests.malformed_events import MARK, NUMBER, malformed_events

GOOD_AMONG_BAD = 5


class Dlq:
    """The commands about dead letters, as a person gives them."""

    def __init__(self, screenings: Screenings, **settings: Any) -> None:
        self._screenings = screenings
        own = {f"DATAFLIX_{name.upper()}": str(value) for name, value in settings.items()}
        self._environment = screenings.environment | {"COLUMNS": "250"} | own

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command prints, on both streams, when it exits as it should."""
        done = subprocess.run(
            [sys.executable, "-m", "stream_processors", "dlq", *arguments],
            cwd=PROJECT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout
        assert "Traceback" not in done.stdout
        assert MARK not in done.stdout
        return done.stdout

    def waiting(self, *arguments: str) -> list[dict[str, Any]]:
        table = ("--table", self._screenings.table.name)
        letters: list[dict[str, Any]] = json.loads(self.run("list", *table, *arguments, "--json"))
        return letters

    def replay(self, *arguments: str, code: int = 0) -> list[tuple[str, str | None]]:
        """Outcomes and reasons."""
        table = ("--table", self._screenings.table.name)
        outcomes = json.loads(self.run("replay", *table, *arguments, "--json", code=code))
        return [(outcome["outcome"], outcome["reason"]) for outcome in outcomes]

    @patiently()
    def wait_for(self, count: int) -> list[dict[str, Any]]:
        letters = self.waiting()
        assert len(letters) == count
        return letters


@pytest.fixture
def dlq(screenings: Screenings) -> Dlq:
    return Dlq(screenings)


def test_900_kinds_of_malformed_event_are_set_aside_and_every_good_event_arrives(
    screenings: Screenings, start_worker: StartWorker
) -> None:
    bad = malformed_events(screenings.table, an_unmistakable_screening())
    keys = (b'{"venue":"Unmistakable Roxy","number":1}', None, b"unmistakable \xff\x00", b"")
    producer = Producer(
        {
            "bootstrap.servers": str(screenings.settings.kafka),
            "partitioner": "murmur2_random",
            "compression.type": "lz4",  # the largest fits the topic only so
            "message.max.bytes": 64 << 20,
        }
    )
    failures: list[object] = []

    def write(value: bytes, key: bytes | None) -> None:
        producer.produce(
            screenings.table.private_topic, value, key, on_delivery=lambda error, _: error and failures.append(error)
        )
        producer.poll(0)

    good = 0
    for number, value in enumerate(bad.values()):
        write(value, keys[number % len(keys)])
        if number % GOOD_AMONG_BAD == 0:
            row = a_screening(good, seats=good)
            write(an_event(row, table=screenings.table.name, commit=1_000 + good), screenings.key(row))
            good += 1
    assert producer.flush(60) == 0
    assert not failures

    worker = start_worker(dead_letter_limit=len(bad) + 1)

    @patiently()
    def arrived() -> None:
        assert worker.process.poll() is None, worker.log.read_text()
        assert screenings.final("number", "seats") == [(number, number) for number in range(good)]
        letters = screenings.dead_letters()
        assert len({(letter["partition"], letter["offset"]) for letter in letters}) == len(bad)

    arrived()
    screenings.write(a_screening(30_000))
    screenings.flush()

    @patiently()
    def still_works() -> None:
        assert screenings.final("number")[-1] == (30_000,)

    still_works()
    assert worker.get("/health")[0] == 200
    told = repr(screenings.dead_letters()) + repr(screenings.messages(screenings.table.masked_topic))
    assert worker.stop() == 0
    assert MARK not in told + worker.log.read_text()
    assert NUMBER not in told


@pytest.fixture
def strict(screenings: Screenings, tmp_path: Path) -> Path:
    """A folder with a contract that holds fewer seats than the table: what has more is set aside, for now."""
    folder = tmp_path / "strict"
    folder.mkdir()
    (contract,) = screenings.settings.contracts.glob("*.yml")
    (folder / contract.name).write_text(contract.read_text().replace("seats: {type: integer", "seats: {type: smallint"))
    return folder


MANY_SEATS = 40_000


def last_masked(screenings: Screenings) -> dict[bytes | None, dict[str, Any] | None]:
    """What compaction would leave: of each key the last message."""
    messages = screenings.messages(screenings.table.masked_topic)
    return {key: value and json.loads(value) for key, value in messages}


def test_a_letter_is_replayed_once_the_contract_fits(
    screenings: Screenings, start_worker: StartWorker, strict: Path, dlq: Dlq
) -> None:
    start_worker(contracts=strict)
    screenings.write(a_screening(1, seats=MANY_SEATS))
    screenings.write(a_screening(2, seats=20))
    screenings.flush()
    (letter,) = dlq.wait_for(1)
    assert letter["kind"] == "UnfitValue"
    number = str(letter["number"])
    assert dlq.waiting("--kind", "UnreadableEvent") == dlq.waiting("--older-than", "1h") == []
    assert dlq.waiting("--kind", "UnfitValue", "--newer-than", "1h") == [letter]
    grid = dlq.run("list", "--table", screenings.table.name)
    for part in (number, screenings.table.name, "UnfitValue", letter["reason"], letter["topic"]):
        assert part in grid
    shown = json.loads(dlq.run("show", number, "--json"))
    assert (shown["payload_there"], shown["state"], shown["offset"]) == (True, "waiting", letter["offset"])

    tight = Dlq(screenings, contracts=strict)
    ((outcome, reason),) = tight.replay(number, code=1)
    assert outcome == "refused"
    assert "smallint" in str(reason)
    assert dlq.waiting() == [letter]

    assert dlq.replay() == [("replayed", None)]
    assert screenings.final("number", "seats") == [(1, MANY_SEATS), (2, 20)]
    masked = screenings.newest_masked()[b'{"venue":"Roxy","number":1}']
    assert masked
    assert (masked["seats"], masked["_offset"]) == (MANY_SEATS, letter["offset"])
    assert dlq.waiting() == []
    assert json.loads(dlq.run("show", number, "--json"))["state"] == "replayed"
    assert dlq.replay() == []


def test_a_replay_never_beats_a_newer_change_or_a_delete(
    screenings: Screenings, start_worker: StartWorker, strict: Path, dlq: Dlq
) -> None:
    start_worker(contracts=strict)
    for number in (1, 2):
        screenings.write(a_screening(number, seats=10))
        screenings.write(a_screening(number, seats=MANY_SEATS), op="u")
    screenings.write(a_screening(1, seats=11), op="u")
    screenings.write(a_screening(2), op="d")
    screenings.flush()
    dlq.wait_for(2)

    @patiently()
    def arrived() -> None:
        assert screenings.final("number", "seats") == [(1, 11)]
        assert last_masked(screenings)[b'{"venue":"Roxy","number":2}'] is None

    arrived()
    before = last_masked(screenings)
    overtaken = ("replayed", "A newer change of the row stays in force.")
    assert dlq.replay() == [overtaken, overtaken]
    assert screenings.final("number", "seats") == [(1, 11)]
    assert screenings.query("SELECT count() FROM {raw} FINAL WHERE seats = 40000") == [(0,)]
    assert last_masked(screenings) == before
    assert dlq.waiting() == []


def test_a_change_that_the_worker_has_not_delivered_yet_stays_behind_the_replay(
    screenings: Screenings, start_worker: StartWorker, strict: Path, dlq: Dlq
) -> None:
    worker = start_worker(contracts=strict)
    screenings.write(a_screening(1, seats=MANY_SEATS))
    screenings.flush()
    dlq.wait_for(1)
    assert worker.stop() == 0
    screenings.write(a_screening(1, seats=11), op="u")
    screenings.flush()
    assert dlq.replay() == [("replayed", None)]
    masked = last_masked(screenings)[b'{"venue":"Roxy","number":1}']
    assert masked
    assert masked["seats"] == 11


def test_a_replayed_delete_is_a_delete(
    screenings: Screenings, start_worker: StartWorker, strict: Path, dlq: Dlq
) -> None:
    contract = next(strict.glob("*.yml"))
    contract.write_text(contract.read_text().replace("number: {type: smallint", "number: {type: boolean"))
    worker = start_worker(contracts=strict)
    screenings.write(a_screening(1), op="d")
    screenings.flush()
    dlq.wait_for(1)
    assert worker.stop() == 0
    start_worker()
    screenings.write(a_screening(1), commit=500)
    screenings.flush()

    @patiently()
    def arrived() -> None:
        assert screenings.final("number") == [(1,)]

    arrived()
    assert dlq.replay() == [("replayed", None)]
    assert screenings.final("number") == []
    assert last_masked(screenings) == {b'{"venue":"Roxy","number":1}': None}


def test_a_letter_whose_event_is_gone_has_expired_and_can_be_discarded(
    screenings: Screenings, start_worker: StartWorker, dlq: Dlq
) -> None:
    start_worker()
    screenings.write_bytes(b"unmistakable", screenings.key(a_screening(1)))
    screenings.flush()
    (letter,) = dlq.wait_for(1)
    number = str(letter["number"])
    admin = AdminClient({"bootstrap.servers": str(screenings.settings.kafka)})
    gone = TopicPartition(letter["topic"], letter["partition"], letter["offset"] + 1)
    for removed in admin.delete_records([gone]).values():
        removed.result(10)
    assert json.loads(dlq.run("show", number, "--json"))["payload_there"] is False
    assert dlq.replay(number, code=1) == [("expired", "The private topic does not hold the event any more.")]
    assert dlq.waiting() == [letter]
    assert dlq.run("discard", number) == "1 dead letter discarded.\n"
    assert dlq.waiting() == []
    assert json.loads(dlq.run("show", number, "--json"))["state"] == "discarded"


def test_what_cannot_be_done_is_a_sentence_and_an_exit_code(
    screenings: Screenings, start_worker: StartWorker, dlq: Dlq
) -> None:
    start_worker()
    screenings.write_bytes(b"unmistakable", None)
    screenings.flush()
    (letter,) = dlq.wait_for(1)
    assert "--yes" in dlq.run("discard", code=2)
    assert "no_such_table" in dlq.run("replay", "--table", "no_such_table", code=2)
    assert "999999999" in dlq.run("show", "999999999", code=2)
    assert "999999999" in dlq.run("discard", "999999999", code=2)
    assert "soon" in dlq.run("list", "--older-than", "soon", code=2)
    assert dlq.waiting() == [letter]
    nowhere = Dlq(screenings, kafka_port=1 - screenings.settings.port_offset)
    assert "Kafka at 127.0.0.1:1 does not answer" in nowhere.run("list", code=1)
