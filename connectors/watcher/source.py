"""What the watcher asks of PostgreSQL: the slot, the heartbeat, the epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from connectors.debezium import HEARTBEAT_TABLE
from connectors.epochs import MOVE, Epoch, State
from connectors.grants import HEARTBEAT_COLUMN
from connectors.postgres import told
from connectors.roles import WATCHER
from dataflix.errors import SourceUnavailable
from dataflix.postgres_access import encryption_refusal
from dataflix.settings import Settings

_CONNECT_TIMEOUT_S = 3

_SLOT = """
SELECT active, wal_status, invalidation_reason,
       pg_wal_lsn_diff(pg_current_wal_insert_lsn(), restart_lsn)::bigint,
       pg_wal_lsn_diff(pg_current_wal_insert_lsn(), confirmed_flush_lsn)::bigint,
       (SELECT setting::bigint * 1024 * 1024 FROM pg_settings WHERE name = 'max_slot_wal_keep_size')
FROM pg_replication_slots
WHERE slot_name = %s
"""
_HEARTBEAT = f"SELECT extract(epoch FROM now() - {HEARTBEAT_COLUMN})::float8 FROM {HEARTBEAT_TABLE}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Slot:
    """A replication slot as PostgreSQL shows it."""

    active: bool
    wal_status: str | None  # reserved, extended, unreserved or lost
    invalidation_reason: str | None
    retained_bytes: int  # of WAL that PostgreSQL keeps for the slot
    unconfirmed_bytes: int  # of WAL behind which Debezium has confirmed nothing
    limit_bytes: int  # max_slot_wal_keep_size; negative for none


class Source:
    """The source database, asked over a connection of its own each time: what was away needs no mending here.

    Every method raises SourceUnavailable.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def slot(self) -> Slot | None:
        """The slot of the stream, None when there is none."""
        row = await self._one(_SLOT, [self._settings.connector])
        if row is None:
            return None
        active, wal_status, reason, retained, unconfirmed, limit = row
        return Slot(active, wal_status, reason, retained or 0, unconfirmed or 0, limit)

    async def heartbeat_age_s(self) -> float | None:
        """Seconds since the connector last touched the heartbeat; None when its row is gone."""
        row = await self._one(_HEARTBEAT)
        return None if row is None else float(row[0])

    async def first_row(self, query: LiteralString, arguments: Sequence[str]) -> tuple[Any, ...] | None:
        """Of anything that the watcher may ask."""
        return await self._one(query, arguments)

    async def move(self, epoch: Epoch, state: State) -> None:
        """Note how far ``epoch`` has come; without effect when somebody else moved it."""
        await self._one(MOVE, [state, state, epoch.number, epoch.state])

    async def _one(self, query: str, arguments: Sequence[Any] | None = None) -> tuple[Any, ...] | None:
        conninfo = self._settings.postgres_conninfo(WATCHER, self._settings.postgres_watcher_password)
        try:
            async with await psycopg.AsyncConnection.connect(
                conninfo, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S
            ) as connection:
                return await (await connection.execute(query.encode(), arguments)).fetchone()
        except psycopg.OperationalError as error:
            if because := encryption_refusal(self._settings, error):
                raise SourceUnavailable(because) from None
            reason = "does not answer: see `bin/dataflix logs postgres`"
        except psycopg.Error as error:
            reason = f"refuses to tell ({told(error)}): run `bin/dataflix up`, which migrates it"
        raise SourceUnavailable(f"PostgreSQL at {self._settings.postgres} {reason}.")
