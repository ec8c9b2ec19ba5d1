"""One line of log for each request, written without the ways that other lines take: they cost more than an answer.

The line is what structlog would make of it. No path, query or body: they name people. Figures of a request are kept at
first, and become lines that are written together, a moment later and beside the requests.
"""

import asyncio
import logging
import sys
import time as clock
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple

import orjson
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from api.request_marks import REQUEST_ID, ROUTE, UNKNOWN

LOGGER = "api"
MILLISECONDS = 1000.0
WRITE_EVERY = 0.1  # seconds
MOST_KEPT = 100_000  # requests whose lines could not be written yet; those of more are lost, and no answer waits
_FORM = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class _Answered(NamedTuple):
    method: str
    route: str
    status: int
    seconds: float
    length: int
    request_id: str | None
    at: float  # seconds since 1970

    def line(self) -> bytes:
        return orjson.dumps(
            {
                "program": "api",
                "method": self.method,
                "route": self.route,
                "status": self.status,
                "milliseconds": round(self.seconds * MILLISECONDS, 2),
                "bytes": self.length,
                "request_id": self.request_id,
                "event": "request",
                "level": "info",
                "logger": LOGGER,
                "timestamp": datetime.fromtimestamp(self.at, UTC),
            },
            option=_FORM,
        )


class AccessLog(AbstractAccessLogger):
    """Method, route, status, time and size of each request, as one JSON line on standard error."""

    _kept: ClassVar[list[_Answered]] = []  # of all connections: each has a log of its own
    _writer: ClassVar[ThreadPoolExecutor] = ThreadPoolExecutor(1, "access-log")
    _writing: ClassVar[Future[None] | None] = None

    @property
    def enabled(self) -> bool:
        """Whether the settings want such lines."""
        return logging.getLogger(LOGGER).isEnabledFor(logging.INFO)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """``time`` in seconds."""
        kept = self._kept
        if not kept:
            asyncio.get_running_loop().call_later(WRITE_EVERY, self._write_beside)
        if len(kept) < MOST_KEPT:
            route, number = request.get(ROUTE, UNKNOWN), request.get(REQUEST_ID)
            kept.append(
                _Answered(request.method, route, response.status, time, response.body_length, number, clock.time())
            )

    @classmethod
    def flush(cls) -> None:
        """Write what is not written yet."""
        if cls._writing is not None:
            cls._writing.result()
        _write(cls._take())

    @classmethod
    def _write_beside(cls) -> None:
        """Who reads standard error may be slow, and requests do not wait for it."""
        if cls._writing is None or cls._writing.done():
            cls._writing = cls._writer.submit(_write, cls._take())
        else:
            asyncio.get_running_loop().call_later(WRITE_EVERY, cls._write_beside)

    @classmethod
    def _take(cls) -> str:
        lines = b"".join(one.line() for one in cls._kept)
        cls._kept.clear()
        return lines.decode()


def _write(lines: str) -> None:
    with suppress(OSError):  # a disk that is full ends the log, and no answer
        sys.stderr.write(lines)
