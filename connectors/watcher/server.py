"""What the watcher answers over HTTP: /health (it is alive), /status (what it found) and /metrics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from connectors.watcher.report import as_json
from connectors.watcher.watch import Watch
from dataflix.errors import SettingsError
from dataflix.settings import Address


def application(watch: Watch, registry: CollectorRegistry) -> web.Application:
    """The routes. What the probes found makes nothing unhealthy: a watcher that sees trouble does its work."""

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"status": "healthy"})

    async def status(_request: web.Request) -> web.Response:
        return web.json_response(as_json(watch.findings))

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/health", health), web.get("/status", status), web.get("/metrics", metrics)])
    return app


@asynccontextmanager
async def served(app: web.Application, address: Address) -> AsyncIterator[None]:
    """Serve ``app`` on ``address`` meanwhile. Raises SettingsError when the address is taken."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, address.host, address.port).start()
        except OSError as error:
            raise SettingsError(
                f"The watcher cannot serve on {address} ({error.strerror}): stop what listens there, or give it "
                "another DATAFLIX_WATCHER_PORT."
            ) from None
        yield
    finally:
        await runner.cleanup()
