"""Metrics for Prometheus."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from api.instruments import joined
from api.keys import BROADCAST, CHAMPIONS, INSTRUMENTS, PEERS, PROGRESS, REPLICA


def measured(app: web.Application) -> bytes:
    """Everything that this process measured, in Prometheus' text format."""
    return app[INSTRUMENTS].exposition(app[REPLICA], app[PROGRESS], app[CHAMPIONS], app[BROADCAST])


async def read_metrics(request: web.Request) -> web.Response:
    """Everything that was measured; where there are several processes, each with its number as the label `process`."""
    app = request.app
    peers, body = app[PEERS], measured(app)
    if peers.count > 1:
        told = await peers.ask("/metrics")
        body = joined({peers.number: body} | {number: one for number, one in told.items() if one is not None})
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
