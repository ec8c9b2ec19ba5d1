"""Metrics for Prometheus."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from api.keys import BROADCAST, CHAMPIONS, INSTRUMENTS, PROGRESS, REPLICA


async def read_metrics(request: web.Request) -> web.Response:
    """Everything that this process measured, in Prometheus' text format."""
    app = request.app
    body = app[INSTRUMENTS].exposition(app[REPLICA], app[PROGRESS], app[CHAMPIONS], app[BROADCAST])
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
