"""What a request carries through the API: its number, its route, and the headers of its answer."""

import itertools
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

REQUEST_ID = web.RequestKey("request_id", str)
ROUTE = web.RequestKey("route", str)  # the template of the path, never the path: it names people
UNKNOWN = "unknown"  # stands for a route that is not there
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RUN = str(uuid.uuid4())[:-12]  # of this process; what follows counts its requests
_COUNT = itertools.count(1)
_HEADERS = {
    "Server": "dataflix",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def new_request_id() -> str:
    """The number of a request: a UUID that no other request of any process has."""
    return f"{_RUN}{next(_COUNT) & 0xFFFFFFFFFFFF:012x}"


def with_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an answer, with those that every answer carries unless it says something else."""
    return _HEADERS | dict(headers)


def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Give an answer the headers that every answer carries, unless it says something else."""
    headers = response.headers
    if "Server" not in headers:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
    headers["X-Request-Id"] = request[REQUEST_ID]


class WithoutText(logging.Filter):
    """For aiohttp's own log: says that a request could not be parsed, and not what it was."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with the kind of its exception in place of text and traceback."""
        if record.exc_info and record.exc_info[0]:
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[0].__name__}", ()
            record.exc_info = None
        return True
