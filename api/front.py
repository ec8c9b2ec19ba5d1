"""What every request passes on its way in and out: who asks, how much is asked, what failed, headers and figures.

It is one function around each handler, and no middlewares: of a list that is at hand, each would cost more than its
answer.
"""

import time
import traceback
from collections.abc import Callable
from http import HTTPStatus

import structlog
from aiohttp import web
from multidict import CIMultiDict

from api.access import Access
from api.instruments import Instruments
from api.overload import Overload
from api.problems import Problem, problem_of
from api.ready_answer import ReadyAnswer, takes_ready
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
    """What stands around every handler."""

    def __init__(self, access: Access, overload: Overload, instruments: Instruments) -> None:
        self._access = access
        self._overload = overload
        self._instruments = instruments

    def around(self, route: str, handler: Handler, at_once: AtOnce | None = None) -> Handler:
        """The handler of ``route``, the template of a path; ``at_once`` looks for an answer that is at hand."""

        async def answer(request: web.Request) -> web.StreamResponse:
            """Answer, whatever happens: every error becomes a problem document."""
            began = time.perf_counter()
            request_id = request[REQUEST_ID] = new_request_id()
            request[ROUTE] = route
            response: web.StreamResponse
            try:
                self._access.authorise(request, route)
                if at_once and (body := _at_hand(request, at_once)) is not None:
                    if takes_ready(request, body):
                        self._instruments.answered(request.method, route, HTTPStatus.OK, time.perf_counter() - began)
                        return ReadyAnswer(body, request_id)
                    response = web.Response(body=body, headers=_AT_HAND)
                else:
                    response = await self._overload.bound(request, handler, route)
                if isinstance(response, web.Response):
                    response = represent(request, response, route)
            except Exception as error:  # the border: the caller gets a document and the log says where
                response = _problem(error, request_id).response(request_id)
            # An answer that goes on for hours says nothing about how fast the API answers: it began with its headers
            seconds = None
            if isinstance(response, web.Response):
                add_headers(request, response)
                seconds = time.perf_counter() - began
            self._instruments.answered(request.method, route, response.status, seconds)
            return response

        return answer

    def around_the_rest(self, router: web.UrlDispatcher) -> None:
        """Answer what no route of the router takes. It must have all of them: this one takes everything."""
        routes = tuple(router.resources())

        async def refuse(request: web.Request) -> web.StreamResponse:
            allowed: set[str] = set()
            for resource in routes:
                _, methods = await resource.resolve(request)
                allowed |= methods
            raise web.HTTPMethodNotAllowed(request.method, sorted(allowed)) if allowed else web.HTTPNotFound

        router.register_resource(_Rest(self.around(UNKNOWN, refuse)))


class _Rest(web.DynamicResource):
    """Every path, also the one of ``OPTIONS *``, which is none."""

    def __init__(self, handler: Handler) -> None:
        super().__init__("/{anything:.*}")
        self._route = self.add_route("*", handler)

    async def resolve(self, _request: web.Request) -> tuple[web.UrlMappingMatchInfo, set[str]]:
        return web.UrlMappingMatchInfo({}, self._route), set()


def _at_hand(request: web.Request, look: AtOnce) -> bytes | None:
    return look(request) if request.method == "GET" and not request.rel_url.raw_query_string else None


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
