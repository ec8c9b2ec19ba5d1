"""Writes under an idempotency key on PostgreSQL: the write and its answer are one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.types.json import Jsonb

from api.connection_pool import Connection
from api.store import KeptAnswer, KeyInUse, Store


class PostgresAttempt:
    """One transaction, which holds the lock of the key until it ends."""

    def __init__(self, connection: Connection, store: Store, key: bytes, hours: int, kept: KeptAnswer | None) -> None:
        self.store = store
        self.kept = kept
        self._connection = connection
        self._key = key
        self._hours = hours

    async def keep(self, answer: KeptAnswer, user_id: int | None) -> None:
        """The answer that the next attempt finds, once this one has committed."""
        statement = """
            insert into dataflix.idempotency_keys (key, request, status, headers, body, user_id, expires_at)
            values (%s, %s, %s, %s, %s, %s, now() + make_interval(hours => %s))
        """
        kept = (answer.request, answer.status, Jsonb(dict(answer.headers)), answer.body)
        await self._connection.execute(statement, [self._key, *kept, user_id, self._hours])


@asynccontextmanager
async def attempting(connection: Connection, store: Store, key: bytes, hours: int) -> AsyncIterator[PostgresAttempt]:
    """An attempt; what is done through ``store`` uses the same connection. Raises KeyInUse.

    A process that dies takes its transaction and the lock with it: the key is then as unused as before.
    """
    async with connection.transaction():
        lock = int.from_bytes(key[:8], "big", signed=True)
        [row] = await (await connection.execute("select pg_try_advisory_xact_lock(%s) as held", [lock])).fetchall()
        if not row["held"]:
            raise KeyInUse
        yield PostgresAttempt(connection, store, key, hours, await _kept(connection, key))


async def _kept(connection: Connection, key: bytes) -> KeptAnswer | None:
    statement = """
        select request, status, headers, body, expires_at <= now() as expired
        from dataflix.idempotency_keys where key = %s
    """
    rows = await (await connection.execute(statement, [key])).fetchall()
    if not rows:
        return None
    [row] = rows
    if row["expired"]:
        await connection.execute("delete from dataflix.idempotency_keys where key = %s", [key])
        return None
    return KeptAnswer(row["request"], row["status"], row["headers"], row["body"])
