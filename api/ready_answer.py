"""An answer whose body is at hand as bytes: head and body are sent as they are, in one piece.

aiohttp's own answer is made of headers that are gathered, completed and written for each request. Where nothing of it
depends on the request but a number and a length, that takes longer than finding the list.
"""

import time
from functools import lru_cache
from wsgiref.handlers import format_date_time

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from api.representation import MIN_COMPRESSED
from api.request_marks import with_headers


class ReadyAnswer(web.StreamResponse):
    """200 with JSON, to a request that ``takes_ready``."""

    def __init__(self, body: bytes, request_id: str) -> None:
        super().__init__()
        head = _head(int(time.time()), len(body) >= MIN_COMPRESSED)
        self._sent = b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (head, request_id.encode(), len(body), body)

    @property
    def keep_alive(self) -> bool:
        """The connection stays open."""
        return True

    @property
    def body_length(self) -> int:
        """As aiohttp counts: head and body."""
        return len(self._sent)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send everything; who reads too slowly is waited for."""
        await request.writer.write(self._sent)
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""


def takes_ready(request: web.Request, body: bytes) -> bool:
    """Whether this body may be sent just so: over a connection that stays open, not compressed, marked by nobody."""
    return (
        request.version == HttpVersion11
        and request.keep_alive
        and (len(body) < MIN_COMPRESSED or "Accept-Encoding" not in request.headers)
        and not request.app.on_response_prepare
    )


@lru_cache(maxsize=4)
def _head(second: int, compressible: bool) -> bytes:
    """The head up to the number of the request, the same for a whole second."""
    headers = with_headers({"Content-Type": "application/json", "Date": format_date_time(second)})
    if compressible:
        headers["Vary"] = "Accept-Encoding"
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers.items()), "X-Request-Id: "]
    return "\r\n".join(lines).encode()
