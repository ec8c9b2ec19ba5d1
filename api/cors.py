"""Pages of other origins: none may use the API but those that the settings name."""

from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from api.request_marks import Handler

_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-None-Match",
    "Access-Control-Max-Age": "600",  # seconds
}
_EXPOSED = "Commit-Token, ETag, Idempotency-Replayed, Location, Retry-After, WWW-Authenticate, X-Request-Id"


class Cors:
    """Answers the questions of browsers. Credentials of theirs are never asked for: a token is sent by the page."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)

    @classmethod
    def of(cls, origins: str) -> "Cors":
        """From origins separated by commas."""
        return cls(origin.strip() for origin in origins.split(",") if origin.strip())

    def enter(self, app: web.Application) -> None:
        """Take part in an application, where any origin is named."""
        if self._origins:
            app.middlewares.insert(0, self._answer_question)
            app.on_response_prepare.append(self._mark)

    @web.middleware
    async def _answer_question(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Middleware: tell a browser before it asks whether it may."""
        is_question = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if is_question and request.headers.get("Origin", "") in self._origins:
            return web.Response(status=HTTPStatus.NO_CONTENT, headers=_ALLOWED)
        return await handler(request)

    async def _mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Signal: tell a browser which pages may read the answer, also one that is an error or a stream."""
        origin = request.headers.get("Origin", "")
        response.headers.add("Vary", "Origin")
        if origin in self._origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
