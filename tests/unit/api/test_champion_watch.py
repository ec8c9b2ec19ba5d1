"""A champion promoted while the API runs is taken up; a registry that is away takes nothing away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from serving import a_champion
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed

from api.champion import ChampionWatch
from dataflix.model_registry import ChampionModel, fetch_champion
from dataflix.recommender import model_to_bytes

PATIENCE = 60.0  # seconds


@dataclass
class Registry:
    """As much of MLflow's REST as a server of models uses."""

    champion: ChampionModel | None = None
    broken: bool = False
    asked: list[str] = field(default_factory=list)

    async def alias(self, _request: web.Request) -> web.Response:
        self.asked.append("alias")
        if self.broken:
            return web.Response(status=500, text="<html>")
        if self.champion is None:
            return web.json_response({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}, status=404)
        version = {"version": str(self.champion.version), "run_id": self.champion.run_id}
        return web.json_response({"model_version": version})

    async def location(self, request: web.Request) -> web.Response:
        return web.json_response({"artifact_uri": f"mlflow-artifacts:/1/models/m-{request.query['version']}"})

    async def download(self, _request: web.Request) -> web.Response:
        self.asked.append("download")
        assert self.champion is not None
        return web.Response(body=model_to_bytes(self.champion.item_model))

    def app(self) -> web.Application:
        app = web.Application()
        registry = "/api/2.0/mlflow"
        app.router.add_get(f"{registry}/registered-models/alias", self.alias)
        app.router.add_get(f"{registry}/model-versions/get-download-uri", self.location)
        app.router.add_get("/api/2.0/mlflow-artifacts/artifacts/{path:.*}", self.download)
        return app


@asynccontextmanager
async def watched(registry: Registry) -> AsyncIterator[ChampionWatch]:
    async with TestServer(registry.app()) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("")).rstrip("/")
        watch = ChampionWatch(lambda held: fetch_champion(session, url, held), look_every=0.02)
        task = asyncio.create_task(watch.run())
        try:
            yield watch
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def until(holds: Callable[[], bool]) -> None:
    async for attempt in AsyncRetrying(stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.01), reraise=True):
        with attempt:
            assert holds()


async def test_no_champion_yet_is_no_error() -> None:
    async with watched(Registry()) as watch:
        await until(lambda: watch.looked)
        assert watch.version is None


async def test_a_champion_promoted_later_is_taken_up() -> None:
    registry = Registry()
    async with watched(registry) as watch:
        await until(lambda: watch.looked)
        registry.champion = a_champion(version=3)
        await until(lambda: watch.version == "3")
        registry.champion = a_champion(version=5)
        await until(lambda: watch.version == "5")
    assert watch.current is not None
    assert watch.current.item_model.item_ids.tolist() == list(range(1, 21))


async def test_a_champion_that_is_held_is_not_downloaded_again() -> None:
    registry = Registry(a_champion())
    async with watched(registry) as watch:
        await until(lambda: registry.asked.count("alias") >= 5)
        assert watch.version == "1"
    assert registry.asked.count("download") == 1


async def test_while_the_registry_fails_the_champion_stays() -> None:
    registry = Registry(a_champion())
    async with watched(registry) as watch:
        await until(lambda: watch.version == "1")
        registry.broken = True
        asked = len(registry.asked)
        await until(lambda: len(registry.asked) >= asked + 3)
        assert watch.version == "1"


async def test_an_announcement_is_answered_at_once() -> None:
    looks: list[int] = []

    async def fetch(_held: ChampionModel | None) -> ChampionModel | None:
        looks.append(1)
        return None

    watch = ChampionWatch(fetch, look_every=3600.0)
    task = asyncio.create_task(watch.run())
    await until(lambda: watch.looked)
    watch.announced()
    await until(lambda: len(looks) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
