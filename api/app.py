"""The wiring of the API: what is opened at start, handed to whom, and closed at the end."""

import asyncio
import gc
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from api import keys
from api.access import Access
from api.arrivals import Arrivals
from api.boot import Boot
from api.boot_rows import ClickHouseHistories
from api.boot_worker import WorkerOffsets
from api.broadcast import Broadcast
from api.champion import ChampionWatch
from api.cors import Cors
from api.docs_page import serve_page
from api.erasing import Erasing, finish_erasures
from api.explorer import Explorer
from api.follower import Batch, Follower, take_in
from api.front import Front
from api.handlers import (
    erasures,
    events,
    health,
    metrics,
    movies,
    pipeline,
    popular,
    ratings,
    recommendations,
    users,
    watched,
)
from api.idempotency import sweep
from api.instruments import Instruments
from api.live_lists import LiveLists
from api.live_page import FILES_PATH, read_files, serve_file, serve_start
from api.live_recommender import LiveRecommender
from api.newsroom import Counted, Newsroom
from api.openapi import describe, document
from api.overload import Overload
from api.peers import ALONE, Peers
from api.pipeline import Surroundings
from api.postgres_store import open_store
from api.processes import end_with_parent
from api.progress import Progress, Source
from api.replica import Replica
from api.request_marks import Handler
from api.routes import AnyRoute, Stream
from dataflix.contracts import load_contracts
from dataflix.model_registry import ANNOUNCEMENTS, ChampionModel, fetch_champion
from dataflix.settings import Settings

log = structlog.get_logger(__name__)

MAX_BODY = 64 * 1024  # bytes
REGISTRY_TIMEOUT = 10.0  # seconds, a model's download included
YOUNG_OBJECTS = 10_000  # between two looks for cycles among the newest; Python's own 700 are a few requests
FOLLOWED = ("movies", "users", "ratings", "watched_movies")
ROUTES: tuple[AnyRoute, ...] = (
    *health.ROUTES,
    *pipeline.ROUTES,
    *users.ROUTES,
    *erasures.ROUTES,
    *movies.ROUTES,
    *watched.ROUTES,
    *ratings.ROUTES,
    *recommendations.ROUTES,
    *popular.ROUTES,
)

STREAMS: tuple[Stream, ...] = (*events.STREAMS,)

Part = Callable[[web.Application], AsyncIterator[None]]


def create_app(settings: Settings, parts: Sequence[Part] | None = None, peers: Peers = ALONE) -> web.Application:
    """The application. ``parts`` open what it works with and set its keys; the real ones unless given.

    ``peers`` are the processes that it shares its port with.

    Raises SettingsError when other machines could reach it and it has no tokens.
    """
    instruments = Instruments()
    access = Access.of(settings)
    overload = Overload(settings.api_concurrent_requests, settings.api_request_seconds)
    front = Front(access, overload, instruments)
    app = web.Application(client_max_size=MAX_BODY)
    Cors.of(settings.api_cors_origins).enter(app)
    app[keys.INSTRUMENTS], app[keys.BROADCAST], app[keys.PEERS] = instruments, Broadcast(), peers
    app[keys.OVERLOAD] = overload
    _add_routes(app.router, front)
    app.on_shutdown.append(_let_listeners_go)
    app.cleanup_ctx.extend(parts if parts is not None else real_parts(settings))
    if peers is not ALONE:
        app.cleanup_ctx.append(_among_peers)
    return app


def _add_routes(router: web.UrlDispatcher, front: Front) -> None:
    for route in ROUTES:
        for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
            router.add_route(method, route.path, front.around(route.path, route.__call__, route.at_once))
    for stream in STREAMS:
        router.add_get(stream.path, front.around(stream.path, stream.handler), allow_head=False)
    files = read_files()
    others: dict[str, Handler] = {
        "/metrics": metrics.read_metrics,
        "/openapi.json": describe(ROUTES, STREAMS),
        "/docs": serve_page(document(ROUTES, STREAMS)),
        "/": serve_start(files),
        FILES_PATH: serve_file(files),
    }
    for path, handler in others.items():
        router.add_get(path, front.around(path, handler))
    front.around_the_rest(router)


async def _among_peers(app: web.Application) -> AsyncIterator[None]:
    end_with_parent()
    async with app[keys.PEERS].telling(lambda: metrics.measured(app), lambda: health.why_not_ready(app) is None):
        yield


async def _let_listeners_go(app: web.Application) -> None:
    """Their answers never end by themselves, and a stop waits for every answer in flight."""
    app[keys.BROADCAST].close()


def real_parts(settings: Settings) -> tuple[Part, ...]:
    """PostgreSQL for what is written, the masked stream and the model registry for what is recommended.

    Raises ContractViolation when the contracts of the tables that are followed cannot be read.
    """
    contracts = load_contracts(settings.contracts)
    tables = [contracts.table(name) for name in FOLLOWED]

    async def source(app: web.Application) -> AsyncIterator[None]:
        conninfo = settings.postgres_conninfo("dataflix_api", settings.postgres_api_password)
        async with open_store(conninfo, settings.api_idempotency_hours) as store:
            app[keys.STORE] = store
            app[keys.ERASING] = erasing = Erasing(store.any_erasure_waits, partial(finish_erasures, settings.home))
            async with running(erasing.run(), "erasing"), running(sweep(store), "sweep"):
                yield

    async def champion(app: web.Application) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=REGISTRY_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout) as session:

            async def fetch(held: ChampionModel | None) -> ChampionModel | None:
                return await fetch_champion(session, settings.mlflow.url, held)

            watch = ChampionWatch(fetch)
            app[keys.CHAMPIONS] = watch
            async with running(watch.run(), "champion"):
                yield

    async def recommender(app: web.Application) -> AsyncIterator[None]:
        replica = Replica()
        progress = Progress(frozenset(table.masked_topic for table in tables), time.monotonic)
        app[keys.REPLICA], app[keys.PROGRESS] = replica, progress
        champions, broadcast = app[keys.CHAMPIONS], app[keys.BROADCAST]
        app[keys.RECOMMENDER] = recommender = LiveRecommender(replica, champions)
        app[keys.ARRIVALS] = arrivals = Arrivals(replica)
        app[keys.LIVE_LISTS] = lists = LiveLists(recommender, broadcast, progress, time.time)
        newsroom = Newsroom(broadcast, lists, progress, time.time)
        champions.tell(newsroom.model_switched)
        app[keys.EXPLORER] = Explorer(replica, champions)

        def deliver(batch: Batch) -> None:
            live = progress.caught_up
            effects = take_in(batch, replica, progress)
            if not live and progress.caught_up:
                _caught_up(replica, progress)
            if batch.booted:
                arrivals.renewed()
            arrivals.applied(batch.changes)
            app[keys.INSTRUMENTS].counted(batch, live=live)
            news = [
                Counted(event, effect.people)
                for event, effect in zip(batch.events, effects, strict=True)
                if effect.news
            ]
            newsroom.counted(news, live=live)
            if batch.announced:
                champions.announced()

        boot = Boot(WorkerOffsets(settings.kafka, tables), ClickHouseHistories(settings))
        follower = Follower(settings.kafka, tables, ANNOUNCEMENTS, deliver, boot=boot)
        async with running(follower.run(), "follower"), running(newsroom.beat(), "newsroom"):
            yield

    async def surroundings(app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as session:
            app[keys.PIPELINE] = Surroundings(session, settings)
            yield

    return source, champion, recommender, surroundings


def _caught_up(replica: Replica, progress: Progress) -> None:
    if progress.source is Source.TOPICS:
        replica.settle()
    # What was read stays: the collector of cycles, for which everything stops, looks at it no more
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    seconds = round(progress.start_seconds or 0.0, 3)
    log.info("histories_read", source=progress.source, rows=replica.rows, seconds=seconds)


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Work that goes on beside the requests. It never ends by itself; when it fails, so does the whole process."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_stop_without)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _stop_without(task: asyncio.Task[None]) -> None:
    """Better no API, which its supervisor starts anew, than one whose knowledge grows old for ever."""
    if task.cancelled():
        return
    log.error("background_work_failed", work=task.get_name(), error=type(task.exception()).__name__)
    signal.raise_signal(signal.SIGTERM)
