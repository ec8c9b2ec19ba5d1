"""Server-sent events: what happens, as it happens."""

import asyncio
from http import HTTPStatus

import structlog
from aiohttp import web

from api.broadcast import Broadcast, PlaceLost, wanted
from api.keys import BROADCAST, LIVE_LISTS, RECOMMENDER, STORE
from api.live_events import EVENTS, EventKind, ResetEvent
from api.problems import not_found, unavailable
from api.request_marks import add_headers
from api.resources.state import EventsQuery
from api.routes import Stream, read_parameters

log = structlog.get_logger(__name__)

LAST_EVENT_ID = "Last-Event-ID"
MAX_LISTENERS = 200
HEARTBEAT = 10.0  # seconds without an event
WRITE_PATIENCE = 10.0  # seconds that a listener may take nothing
RECONNECT = 1_000  # milliseconds that a client waits before it comes again
MEDIA_TYPE = "text/event-stream"


async def read_events(request: web.Request) -> web.StreamResponse:
    """Follow changes, one person's recommendations, model switches and the lag, as server-sent events."""
    query, app = read_parameters(EventsQuery, dict(request.query)), request.app
    broadcast, user_id = app[BROADCAST], query.user_id
    if user_id is not None and not app[RECOMMENDER].knows(user_id) and await app[STORE].user(user_id) is None:
        raise not_found("user")
    if broadcast.listeners >= MAX_LISTENERS or broadcast.closed:
        raise unavailable("Too many listen already: come again later.", retry_after=5)
    broadcast.listeners += 1
    try:
        response = web.StreamResponse(headers={"Content-Type": MEDIA_TYPE, "X-Accel-Buffering": "no"})
        add_headers(request, response)
        await response.prepare(request)
        if user_id is None:
            await _follow(request, response, broadcast, query, b"")
        else:
            with app[LIVE_LISTS].watching(user_id) as shown:
                await _follow(request, response, broadcast, query, shown)
    finally:
        broadcast.listeners -= 1
    return response


async def _follow(
    request: web.Request, response: web.StreamResponse, broadcast: Broadcast, query: EventsQuery, shown: bytes
) -> None:
    """Send until the listener goes, is too slow, or the API stops. ``shown`` is the list that it begins with."""
    try:
        place, beginning = _beginning(request, broadcast)
        if shown and EventKind.RECOMMENDATIONS in query.kinds:
            beginning += broadcast.frame(place - 1, EventKind.RECOMMENDATIONS, shown)
        await _write(response, b"retry: %d\n\n" % RECONNECT + beginning)
        is_wanted = wanted(query.kinds, query.user_id)
        while not broadcast.closed:
            if sent := broadcast.since(place):
                place = sent[-1].number + 1
                if frames := b"".join(one.frame for one in sent if is_wanted(one)):
                    await _write(response, frames)
                continue
            try:
                await asyncio.wait_for(broadcast.wait(place), HEARTBEAT)
            except TimeoutError:
                # The id takes a listener past what it did not ask for, so that it is not too old when it comes again.
                await _write(response, b": heartbeat\nid: %s\n\n" % broadcast.identify(place - 1))
    except ConnectionResetError:
        return  # it has gone
    except (TimeoutError, PlaceLost):
        broadcast.dropped += 1
        log.info("listener_dropped", reason="slower than the events")
        if request.transport is not None:
            request.transport.abort()


def _beginning(request: web.Request, broadcast: Broadcast) -> tuple[int, bytes]:
    """Where the listener begins, and what it must know before."""
    last = request.headers.get(LAST_EVENT_ID)
    if last is None:
        return broadcast.end, b""
    try:
        return broadcast.place_after(last), b""
    except PlaceLost as lost:
        data = ResetEvent(reason=lost.reason).model_dump_json().encode()
        return broadcast.end, broadcast.frame(broadcast.end - 1, EventKind.RESET, data)


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(WRITE_PATIENCE):
        await response.write(data)


STREAMS = (
    Stream(
        path="/events",
        handler=read_events,
        query=EventsQuery,
        headers={LAST_EVENT_ID: "`id` of the last event that was seen: goes on after it, or begins with `reset`"},
        media_type=MEDIA_TYPE,
        sends=EVENTS,
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
