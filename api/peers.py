"""The processes of one API: each tells the others what it measured and whether it is ready, over a socket of its own.

A request reaches any of them, so whoever is asked for the metrics or the readiness of the API asks the others too.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp
from aiohttp import web

PATIENCE = 2.0  # seconds that a peer is waited for


@dataclass(frozen=True, slots=True)
class Peers:
    """This process, by its number from 1, among ``count``. ``folder`` holds the sockets; it is private to the API."""

    number: int = 1
    count: int = 1
    folder: Path | None = None

    @asynccontextmanager
    async def telling(self, measured: Callable[[], bytes], is_ready: Callable[[], bool]) -> AsyncIterator[None]:
        """While inside, the others can ask."""
        if self.folder is None:
            yield
            return

        async def read_metrics(_request: web.Request) -> web.Response:
            return web.Response(body=measured())

        async def read_readiness(_request: web.Request) -> web.Response:
            return web.Response(status=HTTPStatus.OK if is_ready() else HTTPStatus.SERVICE_UNAVAILABLE)

        app = web.Application()
        app.router.add_get("/metrics", read_metrics)
        app.router.add_get("/ready", read_readiness)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.UnixSite(runner, str(_socket(self.folder, self.number))).start()
            yield
        finally:
            await runner.cleanup()

    async def ask(self, path: str) -> dict[int, bytes | None]:
        """What each of the others answers; None from one that does not, or with an error."""
        if self.folder is None:
            return {}
        numbers = [number for number in range(1, self.count + 1) if number != self.number]
        answers = await asyncio.gather(*(_ask(_socket(self.folder, number), path) for number in numbers))
        return dict(zip(numbers, answers, strict=True))


ALONE = Peers()


def _socket(folder: Path, number: int) -> Path:
    return folder / f"{number}.sock"


async def _ask(socket: Path, path: str) -> bytes | None:
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket)), timeout=timeout) as session,
            session.get(f"http://peer{path}") as answer,
        ):
            return await answer.read() if answer.status == HTTPStatus.OK else None
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None
