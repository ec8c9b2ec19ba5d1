"""What each probe makes of what it sees."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.connect import ConnectorStatus
from connectors.watcher.backoff import Backoff
from connectors.watcher.connector import ConnectorProbe
from connectors.watcher.heartbeat import HeartbeatProbe
from connectors.watcher.lag import LagClock, LagProbe, Standing, Standings
from connectors.watcher.newest_row import NewestRowProbe
from connectors.watcher.probe import Level, Observation
from connectors.watcher.slot import judge
from connectors.watcher.source import Slot
from dataflix.errors import SourceUnavailable

GIB = 1 << 30
SLOT = Slot(True, "reserved", None, retained_bytes=1_000, unconfirmed_bytes=500, limit_bytes=4 * GIB)
RUNS = ConnectorStatus("RUNNING", ("RUNNING",))
FAILED = ConnectorStatus("RUNNING", ("FAILED",))


def values(observation: Observation) -> dict[str, float]:
    return {
        "/".join([reading.metric.name.removeprefix("dataflix_watcher_"), *reading.labels]): reading.value
        for reading in observation.readings
    }


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("slot", "level", "told"),
    [
        (SLOT, Level.OK, "not confirmed yet"),
        (None, Level.ERROR, "does not exist"),
        (replace(SLOT, active=False), Level.WARNING, "Nobody reads"),
        (replace(SLOT, retained_bytes=GIB), Level.WARNING, "25% of what it may keep"),
        (replace(SLOT, retained_bytes=3 * GIB), Level.ERROR, "75% of what it may keep"),
        (replace(SLOT, wal_status="unreserved"), Level.ERROR, "before the slot is lost"),
        (replace(SLOT, wal_status="lost", active=False), Level.ERROR, r"invalid \(lost\)"),
        (replace(SLOT, invalidation_reason="wal_removed", active=False), Level.ERROR, r"invalid \(wal_removed\)"),
        (replace(SLOT, retained_bytes=100 * GIB, limit_bytes=-1), Level.OK, "102400 MiB"),
    ],
)
def test_the_slot_is_judged(slot: Slot | None, level: Level, told: str) -> None:
    found = judge(slot)
    assert found.level is level
    assert re.search(told, found.sentence)
    assert values(found)["slot_usable"] == int(slot is not None and "invalid" not in found.sentence)


class FakeHeartbeat:
    def __init__(self, age: float | None) -> None:
        self._age = age

    async def heartbeat_age_s(self) -> float | None:
        return self._age


@pytest.mark.parametrize(
    ("age", "level"), [(9.0, Level.OK), (31.0, Level.WARNING), (121.0, Level.ERROR), (None, Level.ERROR)]
)
async def test_a_heartbeat_that_stops_is_noticed(age: float | None, level: Level) -> None:
    assert (await HeartbeatProbe(FakeHeartbeat(age)).observe()).level is level


class FakeConnector:
    """Answers with the states in turn, the last of them again and again."""

    def __init__(self, *states: ConnectorStatus | None) -> None:
        self._states = list(states)
        self.restarts = 0
        self.refuses = False

    async def status(self) -> ConnectorStatus | None:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    async def restart_failed(self) -> None:
        self.restarts += 1
        if self.refuses:
            raise SourceUnavailable("Kafka Connect is not ready.")


async def test_a_connector_that_runs_is_left_alone() -> None:
    connector = FakeConnector(RUNS)
    found = await ConnectorProbe(connector).observe()
    assert (found.level, connector.restarts) == (Level.OK, 0)
    assert values(found) == {"connector_running": 1, "connector_restarts_total": 0}


@pytest.mark.parametrize(
    "status",
    [None, ConnectorStatus("PAUSED", ("PAUSED",)), ConnectorStatus("RUNNING", ()), ConnectorStatus("STOPPED", ())],
)
async def test_what_did_not_fail_is_an_error_and_not_restarted(status: ConnectorStatus | None) -> None:
    """Somebody paused or stopped it, or it is on its way."""
    connector = FakeConnector(status)
    found = await ConnectorProbe(connector).observe()
    assert (found.level, connector.restarts) == (Level.ERROR, 0)


async def test_a_failed_task_is_restarted_at_once_and_then_less_and_less_often() -> None:
    connector, clock = FakeConnector(FAILED), Clock()
    probe = ConnectorProbe(connector, Backoff(first_s=1, longest_s=8), clock)
    restarted_at: list[float] = []
    for _ in range(60):
        before = connector.restarts
        found = await probe.observe()
        if connector.restarts > before:
            restarted_at.append(clock.now - 1_000)
        clock.now += 1
    assert restarted_at == [0, 1, 3, 7, 15, 23, 31, 39, 47, 55]
    assert values(found)["connector_restarts_total"] == 10
    assert "restarted 10 times" in found.sentence


async def test_a_restart_that_connect_refuses_counts_as_a_try() -> None:
    connector, clock = FakeConnector(FAILED), Clock()
    connector.refuses = True
    probe = ConnectorProbe(connector, Backoff(), clock)
    with pytest.raises(SourceUnavailable):
        await probe.observe()
    found = await probe.observe()
    assert connector.restarts == values(found)["connector_restarts_total"] == 1


def test_calm_forgets_the_tries_and_a_short_recovery_does_not() -> None:
    backoff = Backoff(first_s=1, longest_s=300, calm_s=600)
    for now in (0.0, 1.0, 3.0):
        assert backoff.due_in(now) == 0
        backoff.tried(now)
    backoff.well(10)
    assert backoff.due_in(10.5) == 0
    backoff.tried(10.5)
    assert backoff.due_in(11) == pytest.approx(7.5)
    for now in (100.0, 699.0):
        backoff.well(now)
    assert backoff.tries == 4
    backoff.well(700)
    assert (backoff.tries, backoff.due_in(700)) == (0, 0)


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=50))
def test_the_wait_never_exceeds_the_longest(waits: Sequence[int]) -> None:
    backoff, now = Backoff(), 0.0
    for wait in waits:
        now += wait
        if not backoff.due_in(now):
            backoff.tried(now)
        assert backoff.due_in(now) <= backoff.longest_s


class FakeGroup:
    def __init__(self) -> None:
        self.now: Standings = {}

    def standings(self) -> Standings:
        return self.now


async def test_the_lag_is_told_by_table_in_events_and_seconds() -> None:
    group, clock = FakeGroup(), Clock()
    probe = LagProbe(group, clock)
    group.now = {"movies": {0: Standing(5, 5)}, "ratings": {0: Standing(10, 10), 1: Standing(3, 3)}}
    assert (await probe.observe()).level is Level.OK
    for moved in (0, 40):
        clock.now += moved
        group.now = {"movies": {0: Standing(5, 5)}, "ratings": {0: Standing(17, 10), 1: Standing(4, 3)}}
        found = await probe.observe()
    assert found.level is Level.WARNING
    assert values(found) == {
        "worker_lag_events/movies": 0,
        "worker_lag_events/ratings": 8,
        "worker_lag_seconds/movies": 0,
        "worker_lag_seconds/ratings": 40,
    }
    assert "8 of ratings" in found.sentence
    clock.now += 300
    assert (await probe.observe()).level is Level.ERROR


def test_a_worker_that_keeps_up_with_a_busy_table_is_not_behind() -> None:
    """There is always something on its way: what counts is how long the oldest of it has waited."""
    clock = LagClock()
    for second in range(100):
        behind = clock.behind_s(second, Standing(end=10 * second, delivered=10 * (second - 2)))
    assert behind == pytest.approx(1)
    assert clock.behind_s(100, Standing(990, 990)) == 0


class FakePage:
    async def read(self) -> str:
        return (
            "# TYPE dataflix_worker_newest_commit_timestamp_seconds gauge\n"
            'dataflix_worker_newest_commit_timestamp_seconds{table="ratings"} 990.0\n'
            "# TYPE dataflix_worker_batches counter\ndataflix_worker_batches_total 3.0\n"
        )


async def test_the_age_of_the_newest_row_comes_from_the_worker() -> None:
    found = await NewestRowProbe(FakePage(), Clock()).observe()
    assert values(found) == {"newest_row_age_seconds/ratings": 10}
    assert "ratings 10 s" in found.sentence
