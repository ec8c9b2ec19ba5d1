"""What happens to every request: its number, its problem document where it fails, its headers and its log line."""

import logging
import traceback
import uuid
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from aiohttp import web

from api.problems import InputError, Kind, Problem, not_found, unavailable
from api.store import KeyInUse, Taken, UnknownReference
from dataflix.errors import SourceUnavailable

log = structlog.get_logger("api")

REQUEST_ID = web.RequestKey("request_id", str)
ROUTE = web.RequestKey("route", str)  # the template of the path, never the path: it names people
UNKNOWN = "unknown"  # stands for a route that is not there
RETRY_AFTER = 1  # seconds
_UNFORESEEN = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR, "Something failed that should not; the log of the API says where."
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@web.middleware
async def answer_with_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a problem document. Of the unforeseen the log says where it happened, not what it said."""
    request[REQUEST_ID] = str(uuid.uuid4())
    if resource := request.match_info.route.resource:
        request[ROUTE] = resource.canonical
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response(request[REQUEST_ID])
    except (web.HTTPException, Taken, UnknownReference, KeyInUse, SourceUnavailable) as error:
        return problem_of(error).response(request[REQUEST_ID])
    except Exception as error:  # the border: whatever it is, the caller gets a document and the log says where
        log.error(  # noqa: TRY400 the text of the exception may carry values
            "request_failed",
            request_id=request[REQUEST_ID],
            error=type(error).__name__,
            at=[f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)],
        )
        return _UNFORESEEN.response(request[REQUEST_ID])


def problem_of(error: web.HTTPException | Taken | UnknownReference | KeyInUse | SourceUnavailable) -> Problem:
    """The problem that says what ``error`` means to the caller."""
    match error:
        case Taken(field=field):
            return Problem(
                HTTPStatus.CONFLICT,
                str(error),
                kind=Kind.TAKEN,
                errors=[InputError(pointer=f"/{field}", detail="Is taken")],
            )
        case UnknownReference(thing=thing):
            return not_found(thing)
        case KeyInUse():
            return Problem(
                HTTPStatus.CONFLICT, str(error), kind=Kind.KEY_IN_USE, headers={"Retry-After": str(RETRY_AFTER)}
            )
        case SourceUnavailable():
            return unavailable("The database does not answer in time: try again.", RETRY_AFTER)
        case web.HTTPException():
            status = HTTPStatus(error.status)
            headers = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
            return Problem(status, f"{status.description or status.phrase}.", headers=headers)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal: the headers that every answer carries, unless it says something else."""
    response.headers["Server"] = "dataflix"
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request_id := request.get(REQUEST_ID):
        response.headers["X-Request-Id"] = request_id


class WithoutText(logging.Filter):
    """For aiohttp's own log: says that a request could not be parsed, and not what it was."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with the kind of its exception in place of text and traceback."""
        if record.exc_info and record.exc_info[0]:
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[0].__name__}", ()
            record.exc_info = None
        return True
