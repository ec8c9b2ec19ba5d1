"""The wiring of the watcher: which probes there are, and what they look with."""

import asyncio
import signal
from collections.abc import Awaitable
from contextlib import AsyncExitStack

import structlog
from prometheus_client import CollectorRegistry

from connectors.connect import Connect, session
from connectors.watcher.connector import ConnectorProbe
from connectors.watcher.dead_letters import DeadLetterProbe, KafkaLetters
from connectors.watcher.heartbeat import HeartbeatProbe
from connectors.watcher.lag import LagProbe
from connectors.watcher.newest_row import HttpPage, NewestRowProbe
from connectors.watcher.record import ClickHouseHistory, Recorder
from connectors.watcher.recovery import RecoveryProbe, run_program
from connectors.watcher.report import FindingsCollector
from connectors.watcher.server import application, served
from connectors.watcher.slot import SlotProbe
from connectors.watcher.source import Source
from connectors.watcher.structure import PostgresSource, StructureProbe
from connectors.watcher.watch import Watch
from connectors.watcher.worker_group import KafkaGroup
from dataflix.contracts import load_contracts
from dataflix.private_log import KafkaLog
from dataflix.settings import WORKER_GROUP, Settings

CONNECT_ANSWERS_S = 5.0

_log = structlog.get_logger(__name__)


async def run_watcher(settings: Settings) -> None:
    """Watch until SIGTERM or SIGINT. Raises DataflixError when the watcher cannot start."""
    contracts = load_contracts(settings.contracts)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as open_:
        http = await open_.enter_async_context(session())
        connect = Connect(http, settings, settings.connector, wait_s=CONNECT_ANSWERS_S)
        catalogue = PostgresSource(settings, contracts)
        open_.callback(catalogue.close)
        source = Source(settings)
        group = KafkaGroup(settings.kafka, contracts)
        recovery = RecoveryProbe(source, connect, group, run_program, settings)
        open_.push_async_callback(recovery.stop)
        log = KafkaLog(settings.kafka, WORKER_GROUP)
        open_.callback(log.close)
        watch = Watch(
            [
                SlotProbe(source),
                HeartbeatProbe(source),
                ConnectorProbe(connect),
                LagProbe(group),
                recovery,
                NewestRowProbe(HttpPage(http, settings.worker)),
                StructureProbe(catalogue, contracts),
                DeadLetterProbe(KafkaLetters(log, contracts)),
            ]
        )
        history = ClickHouseHistory(settings)
        open_.callback(history.close)
        recorder = Recorder(lambda: watch.findings, history)
        registry = CollectorRegistry()
        registry.register(FindingsCollector(lambda: watch.findings))
        await open_.enter_async_context(served(application(watch, registry), settings.watcher))
        _log.info("started", address=str(settings.watcher))
        watching = asyncio.create_task(_all(watch.run(), recorder.run()))
        asked = asyncio.create_task(stop.wait())
        await asyncio.wait({asked, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            asked.cancel()
            await watching  # it ends by an error only: the supervisor starts the watcher again
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    _log.info("stopped")


async def _all(*programs: Awaitable[None]) -> None:
    await asyncio.gather(*programs)
