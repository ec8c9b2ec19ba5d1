"""What is before a shut door waits, and nothing of it is lost."""

import socket

import pytest

from bench.throughput.door import door
from dataflix.settings import Address


def test_what_came_while_the_door_was_shut_goes_through_once_it_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        with (
            door(Address("127.0.0.1", server.getsockname()[1])) as (clickhouse, outside),
            socket.create_connection((outside.host, outside.port), timeout=10) as client,
        ):
            client.sendall(b"a row")
            with pytest.raises(BlockingIOError):
                server.accept()
            clickhouse.open()
            server.settimeout(10)
            inside, _ = server.accept()
            with inside:
                assert inside.recv(100) == b"a row"
                inside.sendall(b"stored")
                assert client.recv(100) == b"stored"
