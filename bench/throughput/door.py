"""A door before ClickHouse: workers behind it come together, take their partitions, and wait for it to open."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dataflix.settings import Address

_PIECE = 1 << 20  # bytes


class Door:
    """Takes connections, and passes nothing on before it is open."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self._opened = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._connections: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """From any thread."""
        self._loop.call_soon_threadsafe(self._opened.set)

    async def come_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until a side ends it."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A connection comes in by a task of its own.")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        with suppress(OSError, asyncio.CancelledError):
            await self._opened.wait()
            answers, requests = await asyncio.open_connection(self._server.host, self._server.port)
            await asyncio.gather(_pass_on(reader, requests), _pass_on(answers, writer))

    def close(self) -> None:
        for task in self._connections:
            task.cancel()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    finally:
        writer.close()


@contextmanager
def door(server: Address) -> Iterator[tuple[Door, Address]]:
    """A shut door before ``server``, and the address of its outer side; a thread of its own keeps it."""
    ready: list[tuple[Door, Address]] = []
    begun, ended = threading.Event(), threading.Event()

    async def keep() -> None:
        made = Door(server)
        async with await asyncio.start_server(made.come_in, "127.0.0.1", 0, limit=_PIECE) as listening:
            ready.append((made, Address("127.0.0.1", listening.sockets[0].getsockname()[1])))
            begun.set()
            await asyncio.to_thread(ended.wait)
            made.close()

    thread = threading.Thread(target=asyncio.run, args=(keep(),), name="door", daemon=True)
    thread.start()
    begun.wait()
    try:
        yield ready[0]
    finally:
        ended.set()
        thread.join()
