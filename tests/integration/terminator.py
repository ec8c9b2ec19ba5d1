"""TLS in front of a server that speaks none itself: what the proxy of a database service does, for one test run."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dataflix.settings import Address

_POSTGRES_ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")  # SSLRequest; its answer is S
_BLOCK = 1 << 16


class Relay:
    """Passes connections on to ``server``. One of PostgreSQL that does not ask for TLS ends here."""

    def __init__(self, server: Address, tls: ssl.SSLContext, *, asks_first: bool) -> None:
        self._server = server
        self._tls = tls
        self._asks_first = asks_first
        self._open: set[asyncio.StreamWriter] = set()

    async def listen(self) -> asyncio.Server:
        at_once = None if self._asks_first else self._tls
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=at_once)

    async def cut(self) -> None:
        """End every connection, and wait until it has ended."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self._open.add(near)
        with suppress(OSError, asyncio.IncompleteReadError):
            if not self._asks_first or await self._encrypted(reader, near):
                there, far = await asyncio.open_connection(self._server.host, self._server.port)
                self._open.add(far)
                await asyncio.gather(_copy(reader, far), _copy(there, near))
                self._open.discard(far)
        near.close()
        self._open.discard(near)

    async def _encrypted(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> bool:
        if await reader.readexactly(len(_POSTGRES_ASKS_FOR_TLS)) != _POSTGRES_ASKS_FOR_TLS:
            return False
        near.write(b"S")
        await near.drain()
        await near.start_tls(self._tls)
        return True


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while block := await reader.read(_BLOCK):
            writer.write(block)
            await writer.drain()
    writer.close()


@contextmanager
def terminator(server: Address, tls: ssl.SSLContext, *, asks_first: bool = False) -> Iterator[int]:
    """The port on loopback where ``server`` is reached encrypted, and not otherwise.

    ``asks_first``: a client asks in the clear whether it may encrypt, as those of PostgreSQL do.
    """
    loop = asyncio.new_event_loop()
    relay = Relay(server, tls, asks_first=asks_first)
    listening = loop.run_until_complete(relay.listen())
    thread = threading.Thread(target=loop.run_forever, name="terminator")
    thread.start()
    try:
        yield int(listening.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(listening.close)
        asyncio.run_coroutine_threadsafe(relay.cut(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
