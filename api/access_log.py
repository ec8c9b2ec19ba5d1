"""One line of log for each request, written without the ways that other lines take: they cost more than an answer.

The line is what structlog would make of it. No path, query or body: they name people.
"""

import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime

import orjson
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from api.middleware import REQUEST_ID, ROUTE, UNKNOWN

LOGGER = "api"
MILLISECONDS = 1000.0
_FORM = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class AccessLog(AbstractAccessLogger):
    """Method, route, status, time and size of each request, as one JSON line on standard error."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """``time`` in seconds."""
        if not logging.getLogger(LOGGER).isEnabledFor(logging.INFO):
            return
        line = {
            "program": "api",
            "method": request.method,
            "route": request.get(ROUTE, UNKNOWN),
            "status": response.status,
            "milliseconds": round(time * MILLISECONDS, 2),
            "bytes": response.body_length,
            "request_id": request.get(REQUEST_ID),
            "event": "request",
            "level": "info",
            "logger": LOGGER,
            "timestamp": datetime.now(UTC),
        }
        with suppress(OSError):  # a disk that is full ends the log, and no answer
            sys.stderr.write(orjson.dumps(line, option=_FORM).decode())
