"""What every request passes on its way in and out: who asks, how much is asked, what failed, headers and figures.

It is one middleware and not one for each of these: of a list that is at hand, each would cost more than its answer.
"""

import time
import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus

import structlog
from aiohttp import web
from multidict import CIMultiDict

from api.access import Access
from api.instruments import Instruments
from api.overload import Overload
from api.problems import Problem, problem_of
from api.representation import represent
from api.request_marks import REQUEST_ID, ROUTE, UNKNOWN, Handler, add_headers, new_request_id, with_headers
from dataflix.errors import DataflixError

log = structlog.get_logger("api")

AtOnce = Callable[[web.Request], bytes | None]
"""The JSON answer to a request without a query, None where it takes more than a look at what is in memory."""

_UNFORESEEN = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR, "Something failed that should not; the log of the API says where."
)
_AT_HAND = CIMultiDict(with_headers({"Content-Type": "application/json"}))


class Front:
    """The one middleware. ``at_once`` are the routes with answers that may be at hand, by the template of the path."""

    def __init__(
        self, access: Access, overload: Overload, instruments: Instruments, at_once: Mapping[str, AtOnce]
    ) -> None:
        self._access = access
        self._overload = overload
        self._instruments = instruments
        self._at_once = at_once

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer, whatever happens: every error becomes a problem document."""
        began = time.perf_counter()
        request_id = request[REQUEST_ID] = new_request_id()
        resource = request.match_info.route.resource
        route = request[ROUTE] = UNKNOWN if resource is None else resource.canonical
        response: web.StreamResponse | None
        try:
            self._access.authorise(request, route)
            response = self._at_hand(request, route)
            if response is None:
                response = await self._overload.bound(request, handler, route)
                if isinstance(response, web.Response):
                    response = represent(request, response, route)
        except Exception as error:  # the border: whatever it is, the caller gets a document and the log says where
            response = _problem(error, request_id).response(request_id)
        # An answer that goes on for hours says nothing about how fast the API answers; it has begun with its headers
        seconds = None
        if isinstance(response, web.Response):
            add_headers(request, response)
            seconds = time.perf_counter() - began
        self._instruments.answered(request.method, route, response.status, seconds)
        return response

    def _at_hand(self, request: web.Request, route: str) -> web.Response | None:
        look = self._at_once.get(route)
        if look is None or request.method != "GET" or request.rel_url.raw_query_string:
            return None
        body = look(request)
        return None if body is None else represent(request, web.Response(body=body, headers=_AT_HAND), route)


def _problem(error: Exception, request_id: str) -> Problem:
    """What the caller is told. Of the unforeseen the log says where it happened, not what it said."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, web.HTTPException | DataflixError) and (problem := problem_of(error)) is not None:
        return problem
    log.error(  # the text of the exception may carry values
        "request_failed",
        request_id=request_id,
        error=type(error).__name__,
        at=[f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)],
    )
    return _UNFORESEEN
