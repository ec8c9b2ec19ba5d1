"""What the API says of the parts around it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from serving import an_api

from api.pipeline import KEPT, Surroundings, pipeline_of
from api.resources.state import Pipeline, Service
from dataflix.settings import Settings

SERVERS = ("postgres", "connect", "kafka", "worker", "clickhouse", "s3", "mlflow", "watcher")
FOUND = {
    "dead_letters": {
        "level": "warning",
        "sentence": "Dead letters that wait: 2 (2 of ratings).",
        "values": {"dataflix_watcher_dead_letters": {"ratings": 2.0, "users": 0.0}},
        "facts": {},
        "at": "2026-01-02T03:04:05.678+00:00",
        "took_s": 0.1,
    },
    "worker_group": {
        "level": "ok",
        "sentence": "The worker keeps up.",
        "values": {"dataflix_watcher_worker_lag_events": {"ratings": 7.0}},
        "facts": {},
        "at": "2026-01-02T03:04:05.678+00:00",
        "took_s": 0.1,
    },
}


def nobody() -> dict[str, int]:
    """Settings with a port for each part, where nothing listens."""
    return {f"{name}_port": unused_port() for name in SERVERS}


@asynccontextmanager
async def a_watcher(found: dict[str, Any]) -> AsyncIterator[TestServer]:
    asked = 0

    async def status(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response({"level": "warning", "probes": found}, headers={"Asked": str(asked)})

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"status": "healthy"})

    app = web.Application()
    app.add_routes([web.get("/status", status), web.get("/health", health)])
    async with TestServer(app) as server:
        yield server


def test_what_the_watcher_found_is_told_by_table() -> None:
    state = pipeline_of([Service(name="kafka", answers=True)], FOUND)
    assert state.dead_letters == {"ratings": 2, "users": 0}
    assert state.worker_lag == {"ratings": 7}
    assert [(one.name, one.level) for one in state.findings] == [("dead_letters", "warning"), ("worker_group", "ok")]


async def test_who_listens_answers_and_who_does_not_is_told_too() -> None:
    async with a_watcher(FOUND) as watcher, aiohttp.ClientSession() as session:
        listener = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        ports = nobody() | {"kafka_port": listener.sockets[0].getsockname()[1], "watcher_port": watcher.port}
        state = await Surroundings(session, Settings(**ports)).look()
        listener.close()
    assert [one.name for one in state.services] == list(SERVERS)
    assert {one.name for one in state.services if one.answers} == {"kafka", "watcher"}
    assert state.dead_letters["ratings"] == 2


async def test_without_a_watcher_there_are_no_findings() -> None:
    async with aiohttp.ClientSession() as session:
        state = await Surroundings(session, Settings(**nobody())).look()
    assert (state.findings, state.dead_letters, state.worker_lag) == ([], {}, {})
    assert not any(one.answers for one in state.services)


async def test_many_who_ask_at_once_are_one_look() -> None:
    now = 0.0
    async with a_watcher(FOUND) as watcher, aiohttp.ClientSession() as session:
        watch = Surroundings(session, Settings(**nobody() | {"watcher_port": watcher.port}), lambda: now)
        first, *others = await asyncio.gather(*(watch.look() for _ in range(10)))
        assert all(other is first for other in others)
        now = KEPT + 0.1
        assert await watch.look() is not first


@pytest.mark.parametrize("found", [{}, FOUND])
async def test_it_is_served(found: dict[str, Any]) -> None:
    api = an_api()
    api.pipeline = pipeline_of([Service(name="worker", answers=False)], found)
    async with api.client() as client:
        answer = await client.get("/pipeline")
        assert answer.status == 200
        assert Pipeline.model_validate(await answer.json()) == api.pipeline
