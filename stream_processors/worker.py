"""The wiring of the worker: everything it is made of is opened, handed over and closed here."""

import asyncio
import gc
import signal
import time
from datetime import UTC, datetime

import faust
import structlog
from prometheus_client import CollectorRegistry, disable_created_metrics

from dataflix import dead_letters
from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.contracts import Contracts, load_contracts
from dataflix.settings import Settings
from stream_processors.app import FaustPartitions, attach, build_app, consumer_of
from stream_processors.batch_consumer import FetchedBatch
from stream_processors.batches import BatchPreparer
from stream_processors.delivery import Delivery
from stream_processors.endings import give_up
from stream_processors.event_publisher import KafkaPublisher
from stream_processors.health import HealthServer, WorkerStatus
from stream_processors.instruments import Instruments
from stream_processors.patience import Patience
from stream_processors.pausing import Pauses
from stream_processors.processing import Processing
from stream_processors.raw_sink import ClickHouseSink
from stream_processors.source_structure import WatcherStructure
from stream_processors.topics import wait_for_topics

_log = structlog.get_logger(__name__)


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raises DataflixError when the worker cannot start."""
    stop = _stop_signal()
    status = WorkerStatus()
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    contracts = load_contracts(settings.contracts)
    preparer = BatchPreparer(
        contracts,
        masking_key=settings.masking_key.get_secret_value().encode(),
        patience=Patience(settings.dead_letter_limit),
        clock=lambda: datetime.now(UTC),
    )
    sink = ClickHouseSink(lambda: open_clickhouse(settings, ClickHouseUser.WORKER))
    publisher = KafkaPublisher(settings.kafka)
    # A member that comes back under its name keeps the partitions that it had; other contracts mean other topics
    member = f"{settings.worker_instance_id}-{contracts.version}" if settings.worker_instance_id else ""
    app = build_app(settings.kafka, settings.home / "worker", member)
    instruments = Instruments(registry, time.time)
    structure = WatcherStructure(settings.watcher)

    def is_current(batch: FetchedBatch) -> bool:
        return consumer_of(app).is_current(batch)

    pauses = Pauses(structure, FaustPartitions(app), instruments, tables=preparer.tables, is_current=is_current)
    processing = Processing(
        preparer,
        Delivery(sink, publisher, instruments),
        pauses,
        status,
        is_current=is_current,
        give_up=give_up,
    )
    attach(app, preparer.topics, processing, status.assigned)
    health = HealthServer(settings.worker, status, registry)
    health.start()
    await processing.ask_for_the_structure()  # before the first event: nothing else could tell what that event means
    ticking = asyncio.create_task(_tick(status))
    watching = asyncio.create_task(processing.watch_the_structure())
    starting = asyncio.create_task(_start(app, settings, contracts, status))
    starting.add_done_callback(_give_up_on_failure)
    await _stopped(stop, app)
    ticking.cancel()
    starting.cancel()
    watching.cancel()
    await processing.drain()
    await app.stop()
    await structure.close()
    publisher.close()
    sink.close()
    health.close()
    _log.info("stopped")


async def _start(app: faust.App, settings: Settings, contracts: Contracts, status: WorkerStatus) -> None:
    topics = [name for table in contracts for name in (table.private_topic, table.masked_topic)]
    await wait_for_topics(settings.kafka, [*topics, dead_letters.TOPIC], status.waiting_for)
    await app.start()
    gc.collect()
    gc.freeze()  # what is there now stays: no collection has to walk through it again
    _log.info("started", topics=topics, contract_version=contracts.version)


def _give_up_on_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        give_up(error)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _stopped(stop: asyncio.Event, app: faust.App) -> None:
    """Return when the process is asked to stop; give up when Faust does."""
    asked = asyncio.create_task(stop.wait())
    crashed = asyncio.create_task(app.wait_until_stopped())
    await asyncio.wait({asked, crashed}, return_when=asyncio.FIRST_COMPLETED)
    if app.crashed:
        give_up(app.crash_reason or RuntimeError())
    crashed.cancel()


async def _tick(status: WorkerStatus) -> None:
    while True:
        status.turned()
        await asyncio.sleep(1)
