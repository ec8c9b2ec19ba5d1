"""The watcher's way back from lost changes, step by step."""

import asyncio
from collections.abc import Sequence
from typing import Any, LiteralString

from connectors import epochs
from connectors.connect import ConnectorStatus, Place
from connectors.debezium import EPOCH_SETTING
from connectors.epochs import Epoch, State
from connectors.watcher.lag import Standing, Standings
from connectors.watcher.probe import Level
from connectors.watcher.recovery import REGISTER, REPAIR, RecoveryProbe
from dataflix.settings import Settings


class World:
    """Source, Connect and worker in memory; commands end as the test says."""

    def __init__(self, state: State = State.WHOLE, number: int = 0) -> None:
        self.slot: tuple[int, str, None] | None = (900, "reserved", None)
        self.state, self.number = state, number
        self.reading: Place | None = Place(1_000, in_snapshot=False)
        self.worker: Standings = {"ratings": {0: Standing(10, 10)}}
        self.ran: list[Sequence[str]] = []
        self.code = 0

    async def first_row(self, query: LiteralString, _arguments: Sequence[str]) -> tuple[Any, ...] | None:
        if query == epochs.PRESENT:
            return self.number, self.state, "the replication slot is gone", "77"
        return ("77", 2_000) if "pg_control_system" in query else self.slot

    async def move(self, epoch: Epoch, state: State) -> None:
        if (epoch.number, epoch.state) == (self.number, self.state):
            self.state = state

    async def config(self) -> dict[str, str]:
        return {EPOCH_SETTING: str(self.number)}

    async def status(self) -> ConnectorStatus:
        return ConnectorStatus("RUNNING", ("RUNNING",))

    async def place(self) -> Place | None:
        return self.reading

    def standings(self) -> Standings:
        return self.worker

    async def run(self, command: Sequence[str]) -> int:
        self.ran.append(command)
        return self.code


def a_probe(world: World, *, recover: bool = True) -> RecoveryProbe:
    return RecoveryProbe(world, world, world, world.run, Settings(recover=recover))


async def looks(probe: RecoveryProbe, times: int = 1) -> tuple[Level, str]:
    """What the last of so many looks found, each followed by whatever it started."""
    for _ in range(times):
        found = await probe.observe()
        await asyncio.sleep(0)
    return found.level, found.sentence


async def test_all_is_well_and_nothing_is_done() -> None:
    world = World()
    assert (await looks(a_probe(world), 3))[0] is Level.OK
    assert world.ran == []


async def test_a_loss_that_is_seen_twice_is_recovered_from_once() -> None:
    world = World()
    probe = a_probe(world)
    world.slot = None
    level, told = await looks(probe)
    assert (level, world.ran) == (Level.ERROR, [])
    assert "slot is gone" in told
    world.code = 1  # a step that fails is not repeated at once
    await looks(probe, 3)
    assert world.ran == [REGISTER]


async def test_what_was_lost_for_a_moment_only_is_left_alone() -> None:
    world = World()
    probe = a_probe(world)
    for slot in (None, (900, "reserved", None), None):
        world.slot = slot
        await looks(probe)
    assert world.ran == []


async def test_a_person_who_wants_to_decide_is_told_how() -> None:
    world = World()
    world.slot = None
    level, told = await looks(a_probe(world, recover=False), 3)
    assert level is Level.ERROR
    assert "bin/dataflix recover" in told
    assert world.ran == []


async def test_a_recovery_goes_on_where_the_one_before_stopped() -> None:
    world = World(State.RAISED, number=1)
    await looks(a_probe(world))
    assert world.ran == [REGISTER]
    world.state = State.READING
    world.reading = None
    await looks(a_probe(world))
    world.reading = Place(1_000, in_snapshot=True)
    await looks(a_probe(world))
    assert world.state is State.READING
    world.reading = Place(1_000, in_snapshot=False)
    await looks(a_probe(world))
    assert world.state is State.COMPARING
    await looks(a_probe(world))
    assert world.ran == [REGISTER, REPAIR]
    assert world.state is State.WHOLE


async def test_nothing_is_compared_before_the_worker_has_delivered_the_snapshot() -> None:
    world = World(State.COMPARING, number=1)
    world.worker = {"ratings": {0: Standing(end=20, delivered=10)}}
    probe = a_probe(world)
    await looks(probe, 2)
    world.worker = {"ratings": {0: Standing(end=30, delivered=19)}}
    assert (await looks(probe))[0] is Level.WARNING
    assert world.ran == []
    world.worker = {"ratings": {0: Standing(end=40, delivered=20)}}
    await looks(probe)
    assert world.ran == [REPAIR]


async def test_rows_that_still_differ_keep_the_epoch_open() -> None:
    world = World(State.COMPARING, number=1)
    world.code = 1
    await looks(a_probe(world), 2)
    assert (world.state, world.ran) == (State.COMPARING, [REPAIR])


async def test_the_first_epoch_is_whole_once_it_was_read() -> None:
    world = World(State.READING)
    assert (await looks(a_probe(world), 2))[0] is Level.OK
    assert (world.state, world.ran) == (State.WHOLE, [])
