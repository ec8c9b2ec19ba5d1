"""One line of log for each request, written without the ways that other lines take: they cost more than an answer.

The line is what structlog would make of it. No path, query or body: they name people. Lines are written together, a
moment after their requests.
"""

import asyncio
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import ClassVar

import orjson
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from api.request_marks import REQUEST_ID, ROUTE, UNKNOWN

LOGGER = "api"
MILLISECONDS = 1000.0
WRITE_EVERY = 0.1  # seconds
_FORM = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class AccessLog(AbstractAccessLogger):
    """Method, route, status, time and size of each request, as one JSON line on standard error."""

    _lines: ClassVar[list[bytes]] = []  # of all connections: each has a log of its own

    @property
    def enabled(self) -> bool:
        """Whether the settings want such lines."""
        return logging.getLogger(LOGGER).isEnabledFor(logging.INFO)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """``time`` in seconds."""
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
        if not self._lines:
            asyncio.get_running_loop().call_later(WRITE_EVERY, self.flush)
        self._lines.append(orjson.dumps(line, option=_FORM))

    @classmethod
    def flush(cls) -> None:
        """Write what is not written yet."""
        lines = b"".join(cls._lines).decode()
        cls._lines.clear()
        with suppress(OSError):  # a disk that is full ends the log, and no answer
            sys.stderr.write(lines)
