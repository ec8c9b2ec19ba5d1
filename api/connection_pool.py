"""Connections to PostgreSQL that survive its restarts: none that was cut is handed to a request."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from dataflix.errors import SourceUnavailable

Connection = psycopg.AsyncConnection[DictRow]

STATEMENT_TIMEOUT = 3_000  # milliseconds
CONNECTION_WAIT = 2.0  # seconds that a request waits for a connection
MAX_CONNECTIONS = 10
MAX_WAITING = 200  # requests; more are turned away at once


class ConnectionPool:
    """Connections that commit each statement by itself. Opening does not wait for PostgreSQL.

    ``lock_timeout`` is how many milliseconds a statement waits for a lock of somebody else; 0 for as long as it may
    take.
    """

    def __init__(self, conninfo: str, most: int = MAX_CONNECTIONS, lock_timeout: int = 0) -> None:
        self._pool = AsyncConnectionPool(
            conninfo,
            connection_class=Connection,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "connect_timeout": 2,
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT} -c lock_timeout={lock_timeout}",
            },
            min_size=2,
            max_size=most,
            max_waiting=MAX_WAITING,
            timeout=CONNECTION_WAIT,
            # Gives up early: a request after the outage then begins anew, and not after minutes of backing off.
            reconnect_timeout=2.0,
            open=False,
        )

    async def __aenter__(self) -> Self:
        """Begin to connect."""
        await self._pool.open(wait=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection; those in use when they come back."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for one statement.

        Raises SourceUnavailable for the many ways in which PostgreSQL can be away, also while the connection is used.
        Their texts may carry values and are left out.
        """
        try:
            # The pool's own check asks the server before each use, and waits for seconds after one that was cut.
            while _was_cut(connection := await self._pool.getconn()):
                await connection.close()
                await self._pool.putconn(connection)
            try:
                yield connection
            finally:
                await self._pool.putconn(connection)
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TooManyRequests) as error:
            raise SourceUnavailable(
                f"PostgreSQL did not carry out the statement ({type(error).__name__}): try again."
            ) from None


def _was_cut(connection: Connection) -> bool:
    """Whether the server has hung up. It says nothing else on a connection that nobody uses."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
