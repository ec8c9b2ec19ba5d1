"""What the watcher mends by itself: a task that failed, and a slot that was dropped while rows changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from own_source import OwnSource
from own_stack import Stack
from running_watcher import watching
from running_worker import Worker, running
from screenings import messages, patiently

from dataflix.settings import WORKER_GROUP, Settings
from dataflix.versions import RowVersion

RECOVERED_S = 240  # on a busy machine


@pytest.fixture(scope="module")
def lights(
    stack: Stack,
    postgres: Settings,
    connect: Settings,
    clickhouse: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OwnSource]:
    """An own source with its stream and a watcher; without a worker."""
    assert postgres.home == connect.home == clickhouse.home
    folder = tmp_path_factory.mktemp("lights")
    source = OwnSource(stack, postgres, folder)
    try:
        source.create()
        with watching(source.environment, folder / "watcher.log"):
            yield source
    finally:
        source.drop()


def agree(lights: OwnSource) -> None:
    """Raw and what compaction leaves of the masked topic are the source."""
    comparison = lights.compare()
    assert comparison.differences == ()
    there = dict(lights.execute("SELECT number, range FROM {table}"))
    assert {number: range_ for number, range_ in lights.compacted().items() if range_ is not None} == there


def epochs(lights: OwnSource) -> list[tuple[int, str]]:
    return [(number, state) for number, state in lights.execute("SELECT epoch, state FROM dataflix.epochs ORDER BY 1")]


def test_a_task_that_failed_comes_back_by_itself(lights: OwnSource, tmp_path: Path) -> None:
    lights.execute("ALTER PUBLICATION dataflix RENAME TO away")
    lights.on_connect("restart")

    @patiently()
    def failed() -> None:
        status = lights.connector()
        assert status is not None
        assert status.failed

    failed()
    lights.execute("ALTER PUBLICATION away RENAME TO dataflix")
    lights.execute("INSERT INTO {table} VALUES (100, 'Ada', 1)")

    @patiently()
    def runs() -> None:
        status = lights.connector()
        assert status is not None
        assert status.running

    runs()
    with running([worker := Worker(lights, tmp_path / "worker.log")]):
        worker.wait_until_healthy()
        patiently()(agree)(lights)
    assert epochs(lights)[-1][0] == 0, "nothing was lost"


def test_a_slot_that_was_dropped_loses_nothing(lights: OwnSource, tmp_path: Path) -> None:
    lights.execute("INSERT INTO {table} SELECT n, 'Keeper', n FROM generate_series(1, 5) AS n")
    with running([worker := Worker(lights, tmp_path / "worker.log")]):
        worker.wait_until_healthy()
        patiently()(agree)(lights)
        lights.stop_connector()
        lights.execute("INSERT INTO {table} VALUES (6, 'Zoë', 6)")
        lights.execute("UPDATE {table} SET range = 20 WHERE number = 1")
        lights.execute("DELETE FROM {table} WHERE number IN (2, 3)")
        lights.execute("INSERT INTO {table} VALUES (3, NULL, 30)")
        lights.execute(f"SELECT pg_drop_replication_slot('{lights.name}')")

        @patiently(RECOVERED_S)
        def recovered() -> None:
            assert epochs(lights) == [(0, "whole"), (1, "whole")]

        recovered()
        agree(lights)
        version = RowVersion(epoch=1, commit_lsn=0, is_change=False, lsn=0).packed()
        since = f"number < 100 AND _version >= toUInt128('{version}')"
        newest = dict(
            lights.raw(f"SELECT number, argMax(_deleted, _version) FROM {{raw}} WHERE {since} GROUP BY 1")  # noqa: S608
        )
        assert newest == {1: 0, 2: 1, 3: 0, 4: 0, 5: 0, 6: 0}
        lights.execute("UPDATE {table} SET range = 40 WHERE number = 4")  # the stream goes on
        patiently()(agree)(lights)


def test_events_of_an_older_epoch_that_are_read_again_change_nothing(lights: OwnSource, tmp_path: Path) -> None:
    """They tell themselves which epoch they were written in."""
    raw = "SELECT number, range, toString(_version) FROM {raw} FINAL WHERE _deleted = 0 ORDER BY 1"
    before, published = lights.raw(raw), lights.compacted()
    assert before
    written = sum(value is not None for _, value in messages(lights.settings, lights.table.private_topic))
    start = TopicPartition(lights.table.private_topic, 0, 0)
    admin = AdminClient({"bootstrap.servers": str(lights.settings.kafka)})

    @patiently()
    def rewound() -> None:
        # as a session of a member that has left ends
        asked = [ConsumerGroupTopicPartitions(WORKER_GROUP, [start])]
        try:
            admin.alter_consumer_group_offsets(asked)[WORKER_GROUP].result(10)
        except Exception as error:
            raise AssertionError(error) from error

    rewound()
    with running([worker := Worker(lights, tmp_path / "worker.log")]):
        worker.wait_until_healthy()

        @patiently()
        def read_again() -> None:
            assert worker.metric("dataflix_worker_events_total") >= written

        read_again()
        patiently()(agree)(lights)
    assert lights.raw(raw) == before
    assert lights.compacted() == published
