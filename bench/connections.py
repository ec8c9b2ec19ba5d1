"""HTTP for load: a connection that stays open, and no more of an answer read than a benchmark looks at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from dataflix.errors import DataflixError
from dataflix.settings import Address

_END = b"\r\n\r\n"


@asynccontextmanager
async def connected(to: Address) -> AsyncIterator["Connection"]:
    """A connection that is closed on leaving. Raises OSError when nothing listens there."""
    reader, writer = await asyncio.open_connection(to.host, to.port)
    try:
        yield Connection(reader, writer, str(to))
    finally:
        writer.close()
        with suppress(OSError):  # it is gone already
            await writer.wait_closed()


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, header fields by name in small letters, and body."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Connection:
    """One connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host.encode()

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """The answer. What is refused because there is too much is sent again when it is told to be.

        Raises DataflixError for another status that is an error, OSError or EOFError when the connection breaks.
        """
        while True:
            answer = await self._exchange(method, path, b"" if body is None else orjson.dumps(body))
            if answer.status < HTTPStatus.BAD_REQUEST:
                return answer
            if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                raise DataflixError(f"The API answers {method} with status {answer.status}: see `bin/dataflix status`.")
            await asyncio.sleep(float(answer.headers[b"retry-after"]))

    async def _exchange(self, method: str, path: str, body: bytes) -> Answer:
        head = b"%s %s HTTP/1.1\r\nHost: %s\r\n" % (method.encode(), path.encode(), self._host)
        if body:
            head += b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        self._writer.write(head + b"\r\n" + body)
        lines = (await self._reader.readuntil(_END)).split(b"\r\n")
        fields = (line.partition(b":") for line in lines[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        length = int(headers.get(b"content-length", b"0"))
        content = await self._reader.readexactly(length) if length else b""
        return Answer(int(lines[0].split()[1]), headers, content)
