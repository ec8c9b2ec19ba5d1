"""A TCP gate before a server: open it passes everything, shut it refuses, and what was under way is cut.

Stalled it takes what comes and passes nothing on, as a server does that is busy with other things. Slow, it passes
everything on, piece by piece.
"""

import socket
import threading
import time
from contextlib import suppress

from aiohttp.test_utils import unused_port

from dataflix.settings import Address


class Gate:
    """Listens on a free port of this machine."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._passing = threading.Event()
        self._passing.set()
        self._held = threading.Event()
        self._pause_s = 0.0
        self.port = unused_port()

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def stall(self) -> None:
        self._held.clear()
        self._passing.clear()

    def wait_until_something_is_held(self, seconds: float) -> bool:
        """Whether something came since the gate was stalled."""
        return self._held.wait(seconds)

    def slow_down(self, seconds: float) -> None:
        """Wait so long before each piece, of 64 KiB at most."""
        self._pause_s = seconds

    def go_on(self) -> None:
        self._passing.set()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection((self._server.host, self._server.port))
                with self._lock:
                    self._connections |= {client, server}
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if not self._passing.is_set():
                    self._held.set()
                    self._passing.wait()
                time.sleep(self._pause_s)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._connections.discard(source)
        source.close()
