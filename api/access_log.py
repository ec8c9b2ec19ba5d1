"""One line of log for each request, written without the ways that other lines take: they cost more than an answer.

The line is what structlog would make of it. No path, query or body: they name people. Lines are written together, a
moment later and beside the requests.
"""

import asyncio
import logging
import sys
import time as clock
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar

import orjson
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from api.request_marks import REQUEST_ID, ROUTE, UNKNOWN

LOGGER = "api"
MILLISECONDS = 1000.0
WRITE_EVERY = 0.1  # seconds
MOST_KEPT = 100_000  # requests whose lines could not be written yet; those of more are lost, and no answer waits
_MICROSECONDS = 1_000_000


class AccessLog(AbstractAccessLogger):
    """Method, route, status, time and size of each request, as one JSON line on standard error."""

    _kept: ClassVar[list[str]] = []  # of all connections: each has a log of its own
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
            number = f'"{request[REQUEST_ID]}"' if REQUEST_ID in request else "null"
            second, microsecond = divmod(int(clock.time() * _MICROSECONDS), _MICROSECONDS)
            kept.append(
                f"{_beginning(request.method, request.get(ROUTE, UNKNOWN), response.status)},"
                f'"milliseconds":{time * MILLISECONDS:.2f},"bytes":{response.body_length},'
                f'"request_id":{number},"event":"request","level":"info",'
                f'"logger":"{LOGGER}","timestamp":"{_moment(second)}.{microsecond:06d}Z"}}\n'
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
        lines = "".join(cls._kept)
        cls._kept.clear()
        return lines


@lru_cache(maxsize=1_024)
def _beginning(method: str, route: str, status: int) -> str:
    """How lines of such requests begin. Callers may invent methods: no more than so many are kept."""
    fields = {"program": "api", "method": method, "route": route, "status": status}
    return orjson.dumps(fields).decode().removesuffix("}")


@lru_cache(maxsize=2)
def _moment(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _write(lines: str) -> None:
    with suppress(OSError):  # a disk that is full ends the log, and no answer
        sys.stderr.write(lines)
