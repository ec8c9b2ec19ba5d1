"""Random histories of concurrent transactions, from PostgreSQL through Debezium, Kafka and the worker to ClickHouse.

At the end of each history raw is the source, value by value, and the masked topic, compacted or not, says the same.
`DATAFLIX_TEST_HISTORIES` is how many are tried (the same ones in every run), for a longer search.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from own_stream import FIRST_MARKER, Connection, OwnStream, streaming

from dataflix.settings import Settings

HISTORIES = int(os.environ.get("DATAFLIX_TEST_HISTORIES", "12"))
STEPS = 40
CONNECTIONS = 3
LONG = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(4_000))  # out of line, and not to be compressed

CONTRACT = """
table: {name}
description: Harbours, and who keeps them.
key: [harbour_id]
columns:
  harbour_id: {{type: bigint, description: Number of the harbour}}
  keeper: {{type: text, nullable: true, mask: initial, description: Who keeps it}}
  radio: {{type: text, nullable: true, mask: hash, description: Call sign of the keeper}}
  depth: {{type: "numeric(4,1)", nullable: true, description: Metres}}
  sounded_at: {{type: timestamptz, description: When the depth was taken}}
  log: {{type: text, nullable: true, description: "What was noted, short or long"}}
"""
COLUMNS = (
    "harbour_id bigint PRIMARY KEY, keeper text, radio text, depth numeric(4, 1), "
    "sounded_at timestamptz NOT NULL DEFAULT clock_timestamp(), log text"
)
INSERT = "INSERT INTO {table} (harbour_id, keeper, radio, depth, log) VALUES (%s, %s, %s, %s, %s)"
UPDATE = "UPDATE {table} SET keeper = %s, depth = %s, sounded_at = clock_timestamp() WHERE harbour_id = %s"
DELETE = "DELETE FROM {table} WHERE harbour_id = %s"

RENUMBER = "UPDATE {table} SET harbour_id = %s WHERE harbour_id = %s"
INSERT_ROWS = (
    "INSERT INTO {table} (harbour_id, keeper, depth) SELECT n, 'keeper', n FROM generate_series(%s::int, %s::int) AS n"
)

keys = st.integers(1, 5)
keepers = st.sampled_from([None, "", "Ada", "Zoë 🎬", 'O\'Neill \\ "x"'])
depths = st.sampled_from([None, "0.0", "-999.9", "12.5"])
logs = st.sampled_from([None, "", "fog", LONG, LONG[::-1]])


@pytest.fixture(scope="module")
def own_stream(
    source: Settings, connect: Settings, clickhouse: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnStream]:
    """The table with its stream, connected while it was empty."""
    assert source.home == connect.home == clickhouse.home
    folder = tmp_path_factory.mktemp("histories")
    with streaming(OwnStream(source, folder / "contracts", CONTRACT, COLUMNS), folder / "worker.log") as stream:
        stream.connect()
        yield stream


@pytest.fixture
def harbours(own_stream: OwnStream) -> OwnStream:
    """The same, with an empty table."""
    own_stream.execute("DELETE FROM {table}")
    return own_stream


def everything_agrees(stream: OwnStream) -> None:
    """Wait until the stream has delivered what was committed, and compare raw and both views of the masked topic."""
    stream.catch_up()
    comparison = stream.compare()
    assert comparison.differences == ()
    assert comparison.source_checksum == comparison.raw_checksum
    newest: dict[bytes, dict[str, Any]] = {}
    last: dict[bytes, dict[str, Any] | None] = {}
    for key, event in stream.masked():
        last[key] = event  # what compaction leaves
        if event and int(event["_version"]) >= int(newest.get(key, event)["_version"]):
            newest[key] = event
    assert {key: event for key, event in newest.items() if not event["_deleted"]} == {
        key: event for key, event in last.items() if event
    }, "compaction would leave another event than the one with the highest version"
    of_raw = stream.raw("SELECT harbour_id, toString(_version) FROM {raw} FINAL WHERE _deleted = 0 ORDER BY harbour_id")
    assert of_raw == sorted((event["harbour_id"], event["_version"]) for event in last.values() if event)
    assert {letter["kind"] for letter in stream.dead_letters()} <= {"UnavailableValue"}


class Histories(RuleBasedStateMachine):
    """Some connections, each with a transaction of its own, and one that orders snapshots."""

    stream: OwnStream  # set by the test, because Hypothesis makes the machines

    def __init__(self) -> None:
        super().__init__()
        self.connections: list[Connection] = []
        self.savepoints: list[int] = [0] * CONNECTIONS

    @initialize()
    def open(self) -> None:
        for _ in range(CONNECTIONS):
            connection = self.stream.open()
            # whoever would wait for another transaction gives up: one thread plays all parts
            connection.execute("SET lock_timeout = '5ms'")
            connection.commit()
            self.connections.append(connection)

    def run(self, number: int, *statements: tuple[str, list[Any]]) -> None:
        """What is refused takes its transaction back, to the last savepoint where there is one."""
        connection = self.connections[number]
        try:
            for statement, values in statements:
                connection.execute(self.stream.sql(statement), values)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
            if self.savepoints[number]:
                self.back_to(number, self.savepoints[number])
            else:
                self.roll_back(number)

    def back_to(self, number: int, savepoint: int) -> None:
        self.connections[number].execute(f"ROLLBACK TO SAVEPOINT s{savepoint}".encode())
        self.savepoints[number] = savepoint

    @rule(number=st.integers(0, CONNECTIONS - 1), key=keys, keeper=keepers, depth=depths, log=logs)
    def insert(self, number: int, key: int, keeper: str | None, depth: str | None, log: str | None) -> None:
        self.run(number, (INSERT, [key, keeper, keeper, depth, log]))

    @rule(number=st.integers(0, CONNECTIONS - 1), key=keys, keeper=keepers, depth=depths)
    def update(self, number: int, key: int, keeper: str | None, depth: str | None) -> None:
        self.run(number, (UPDATE, [keeper, depth, key]))

    @rule(number=st.integers(0, CONNECTIONS - 1), key=keys)
    def delete(self, number: int, key: int) -> None:
        self.run(number, (DELETE, [key]))

    @rule(number=st.integers(0, CONNECTIONS - 1), key=keys, keeper=keepers, depth=depths, log=logs)
    def replace(self, number: int, key: int, keeper: str | None, depth: str | None, log: str | None) -> None:
        self.run(number, (DELETE, [key]), (INSERT, [key, keeper, keeper, depth, log]))

    @rule(number=st.integers(0, CONNECTIONS - 1), key=keys, other=keys)
    def change_the_key(self, number: int, key: int, other: int) -> None:
        self.run(number, (RENUMBER, [other, key]))

    @rule(number=st.integers(0, CONNECTIONS - 1))
    def set_savepoint(self, number: int) -> None:
        self.savepoints[number] += 1
        self.connections[number].execute(f"SAVEPOINT s{self.savepoints[number]}".encode())

    @precondition(lambda self: any(self.savepoints))
    @rule(data=st.data())
    def roll_back_to_a_savepoint(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from([number for number, depth in enumerate(self.savepoints) if depth]))
        self.back_to(number, data.draw(st.integers(1, self.savepoints[number])))

    @rule(number=st.integers(0, CONNECTIONS - 1))
    def commit(self, number: int) -> None:
        self.connections[number].commit()
        self.savepoints[number] = 0

    @rule(number=st.integers(0, CONNECTIONS - 1))
    def roll_back(self, number: int) -> None:
        self.connections[number].rollback()
        self.savepoints[number] = 0

    @rule()
    def order_a_snapshot(self) -> None:
        self.stream.order_snapshot()

    def teardown(self) -> None:
        try:
            for connection in self.connections:
                connection.commit()
            everything_agrees(self.stream)
        finally:
            for connection in self.connections:
                connection.close()
            self.stream.execute("DELETE FROM {table}")


def test_whatever_transactions_do_raw_and_the_masked_topic_become_the_source(harbours: OwnStream) -> None:
    Histories.stream = harbours
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],  # smaller examples of a race would be other races
            suppress_health_check=list(HealthCheck),
        ),
    )
    everything_agrees(harbours)


def test_an_incremental_snapshot_against_an_open_transaction(harbours: OwnStream) -> None:
    """It reads the rows as they were, and publishes them before the older changes that are committed later."""
    harbours.execute(INSERT_ROWS, 1, 6)
    with harbours.open() as open_one:
        run(harbours, open_one, UPDATE, "changed", "1.0", 1)
        run(harbours, open_one, DELETE, 2)
        run(harbours, open_one, RENUMBER, 7, 3)
        harbours.order_snapshot()
        harbours.await_snapshots()
        run(harbours, open_one, UPDATE, "changed", "2.0", 4)
        open_one.commit()
        everything_agrees(harbours)
        assert [number for number, _ in kept(harbours)] == [1, 4, 5, 6, 7]
        for count in range(20):  # and with transactions that end while its windows open and close
            harbours.order_snapshot()
            run(harbours, open_one, UPDATE, f"keeper {count}", "3.0", 1 + count % 6)
            run(harbours, open_one, DELETE, 6)
            open_one.commit()
            run(harbours, open_one, INSERT, 6, "back", None, None, None)
            open_one.commit()
    everything_agrees(harbours)


def test_an_initial_snapshot_against_a_transaction_that_was_open_when_the_slot_was_created(
    source: Settings, connect: Settings, clickhouse: Settings, tmp_path: Path
) -> None:
    """The slot waits for it; what begins meanwhile is in the snapshot or in the stream, and counts once."""
    with (
        streaming(OwnStream(source, tmp_path / "contracts", CONTRACT, COLUMNS), tmp_path / "worker.log") as stream,
        stream.open() as before,
        stream.open() as meanwhile,
    ):
        stream.execute(INSERT_ROWS, 1, 9)
        run(stream, before, UPDATE, "before", "1.0", 1)
        run(stream, before, DELETE, 2)
        stream.order_connector()
        stream.await_waiting_slot()
        run(stream, meanwhile, UPDATE, "meanwhile", "2.0", 3)
        run(stream, meanwhile, RENUMBER, 10, 4)
        run(stream, before, INSERT, 2, "again", None, None, None)
        before.commit()
        run(stream, meanwhile, DELETE, 1)
        run(stream, meanwhile, UPDATE, "meanwhile", "2.0", 2)
        meanwhile.commit()
        everything_agrees(stream)
        assert kept(stream)[:3] == [(2, "m********"), (3, "m********"), (5, "k*****")]


def test_a_concurrent_delete_and_insert_of_one_key(harbours: OwnStream) -> None:
    """The insert stands in the log before a delete of the same key, and is committed after it: it wins."""
    harbours.execute(INSERT_ROWS, 1, 1)
    with harbours.open() as deleting, harbours.open() as inserting:
        run(harbours, deleting, DELETE, 1)
        waiting = threading.Thread(target=run, args=(harbours, inserting, INSERT, 1, "last", None, None, None))
        waiting.start()
        harbours.await_blocked(inserting)
        run(harbours, deleting, INSERT, 1, "between", None, None, None)
        run(harbours, deleting, DELETE, 1)
        deleting.commit()
        waiting.join(30)
        inserting.commit()
    harbours.catch_up()
    insert, delete = changes_of(harbours, 1)[-1], changes_of(harbours, 1)[-2]
    assert (insert["op"], delete["op"]) == ("c", "d")
    assert insert["source"]["lsn"] < delete["source"]["lsn"]
    everything_agrees(harbours)
    assert kept(harbours) == [(1, "l***")]


def run(stream: OwnStream, connection: Connection, statement: str, *values: Any) -> None:
    connection.execute(stream.sql(statement), values)


def kept(stream: OwnStream) -> list[tuple[Any, ...]]:
    """The rows of raw, without markers."""
    query = "SELECT harbour_id, keeper FROM {raw} FINAL WHERE harbour_id < %d ORDER BY harbour_id"
    return stream.raw(query % FIRST_MARKER)


def changes_of(stream: OwnStream, number: int) -> list[dict[str, Any]]:
    """The envelopes of one row, as the private topic holds them."""
    envelopes = [orjson.loads(value or b"{}") for _, value in stream.messages(stream.table.private_topic)]
    return [change for change in envelopes if (change["after"] or change["before"])["harbour_id"] == number]
