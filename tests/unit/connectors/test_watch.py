"""The watcher: every probe is heard, and none holds up another."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from connectors.watcher.probe import Level, Observation, Reading
from connectors.watcher.report import FindingsCollector, as_json, worst
from connectors.watcher.server import application, served
from connectors.watcher.watch import Watch
from dataflix import metrics
from dataflix.errors import SettingsError, SourceUnavailable
from dataflix.settings import Address

FINE = Observation(Level.OK, "All is well.", (Reading(metrics.WATCHER_CONNECTOR_RUNNING, 1),), {"slot": "reserved"})


class FakeProbe:
    """Finds what it is told to find, the last of it again and again."""

    interval_s = 0.001

    def __init__(self, *finds: Callable[[], Awaitable[Observation]], name: str = "fake", timeout_s: float = 60) -> None:
        self.name = name
        self.timeout_s = timeout_s
        self._finds = itertools.chain(finds, itertools.repeat(finds[-1]))
        self._looks: asyncio.Queue[None] = asyncio.Queue()

    async def observe(self) -> Observation:
        self._looks.put_nowait(None)
        return await next(self._finds)()

    async def looked(self, times: int) -> None:
        """Wait until it was asked ``times`` more."""
        async with asyncio.timeout(60):
            for _ in range(times):
                await self._looks.get()


async def fine() -> Observation:
    return FINE


async def hang() -> Observation:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets the event")


async def away() -> Observation:
    raise SourceUnavailable("PostgreSQL does not answer: start it.")


async def broken() -> Observation:
    raise KeyError("unmistakable@example.org")


@asynccontextmanager
async def running(watch: Watch) -> AsyncIterator[None]:
    task = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_probe_that_hangs_holds_up_no_other() -> None:
    hanging, other = FakeProbe(hang, name="hanging"), FakeProbe(fine, name="other")
    watch = Watch([hanging, other])
    async with running(watch):
        await other.looked(3)
    assert list(watch.findings) == ["other"]


async def test_no_answer_in_time_is_an_error_and_the_probe_looks_again() -> None:
    hanging = FakeProbe(hang, timeout_s=0.001)
    watch = Watch([hanging])
    async with running(watch):
        await hanging.looked(2)
    found = watch.findings["fake"].observation
    assert found.level is Level.ERROR
    assert "no answer within 0.001 s" in found.sentence


async def test_a_server_that_is_away_is_told_in_its_own_sentence() -> None:
    watch = Watch([probe := FakeProbe(away)])
    await watch.look(probe)
    assert watch.findings["fake"].observation == Observation(Level.ERROR, "PostgreSQL does not answer: start it.")


async def test_a_broken_probe_is_told_without_what_its_error_quotes() -> None:
    watch = Watch([probe := FakeProbe(broken)])
    with capture_logs() as logs:
        await watch.look(probe)
    assert "KeyError" in watch.findings["fake"].observation.sentence
    assert "unmistakable" not in str((watch.findings, logs))
    assert logs[0]["event"] == "probe_failed"


async def test_a_change_of_level_is_logged_once() -> None:
    probe = FakeProbe(away, away, fine, fine)
    watch = Watch([probe])
    with capture_logs() as logs:
        for _ in range(4):
            await watch.look(probe)
    assert [(log["before"], log["now"]) for log in logs] == [("ok", "error"), ("error", "ok")]


async def test_status_tells_findings_by_probe_and_the_worst_of_them() -> None:
    probes = [FakeProbe(fine, name="connector"), FakeProbe(away, name="slot")]
    watch = Watch(probes)
    for probe in probes:
        await watch.look(probe)
    told = as_json(watch.findings)
    assert told["level"] == worst(watch.findings) == Level.ERROR
    assert list(told["probes"]) == ["connector", "slot"]
    connector = told["probes"]["connector"]
    assert (connector["level"], connector["sentence"]) == ("ok", "All is well.")
    assert connector["values"] == {"dataflix_watcher_connector_running": 1}
    assert connector["facts"] == {"slot": "reserved"}


async def test_a_reading_that_was_not_taken_again_has_no_sample() -> None:
    probe = FakeProbe(fine, away)
    watch = Watch([probe])
    registry = CollectorRegistry()
    registry.register(FindingsCollector(lambda: watch.findings))
    await watch.look(probe)
    assert "dataflix_watcher_connector_running 1.0" in generate_latest(registry).decode()
    await watch.look(probe)
    page = generate_latest(registry).decode()
    assert "dataflix_watcher_connector_running" not in page
    assert 'dataflix_watcher_finding_level{probe="fake"} 2.0' in page


async def test_a_taken_address_is_told(unused_tcp_port: int) -> None:
    watch, registry = Watch([]), CollectorRegistry()
    address = Address("127.0.0.1", unused_tcp_port)
    async with served(application(watch, registry), address):
        with pytest.raises(SettingsError, match="DATAFLIX_WATCHER_PORT"):
            async with served(application(watch, registry), address):
                pytest.fail("two serve on one address")
