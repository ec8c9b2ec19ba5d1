"""The erasures that were asked for over the API: each is finished, however many runs that takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from clickhouse.erasure.forgetting import forget
from clickhouse.erasure.source_side import ErasureFailed, SourceDeletion, connect_eraser, source_away
from dataflix.contracts import Contracts
from dataflix.settings import Settings

ONE_AT_A_TIME = 7_253_144_002  # key of the advisory lock: a second run has nothing to do
_WAITING = """
    SELECT user_id, txid, deleted, deleted_at, epoch FROM dataflix.erasures
    WHERE erased_at IS NULL AND user_id <> ALL (%s) ORDER BY requested_at, user_id LIMIT 1
"""

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One person whose rows the source has deleted already, and how the stream names that deletion."""

    user_id: int
    txid: int
    deleted: Mapping[str, int]  # rows by table
    deleted_at: datetime
    epoch: int

    @property
    def deletion(self) -> SourceDeletion:
        return SourceDeletion(self.deleted, self.txid, self.deleted_at, self.epoch)


@dataclass(slots=True)
class WorkedOff:
    """What one run did."""

    erased: int = 0
    failed: int = 0
    busy: bool = False  # another run is at work

    def as_json(self) -> dict[str, int | bool]:
        """``{"erased", "failed", "busy"}``."""
        return {"erased": self.erased, "failed": self.failed, "busy": self.busy}

    def __str__(self) -> str:
        if self.busy:
            return "Another run is at work on the erasures."
        failed = f", {self.failed} did not come about and will be tried again" if self.failed else ""
        return f"{self.erased} people erased{failed}."


def work_off(settings: Settings, contracts: Contracts, wait_seconds: float) -> WorkedOff:
    """Finish every erasure that waits, the oldest first; those that come meanwhile too.

    Raises SourceUnavailable and SettingsError as `forget` does; what is not finished then waits for the next run.
    """
    try:
        with connect_eraser(settings) as connection:
            connection.autocommit = True
            return _work_off(connection, settings, contracts, wait_seconds)
    except psycopg.OperationalError:
        raise source_away(settings) from None


def _work_off(connection: Connection, settings: Settings, contracts: Contracts, wait_seconds: float) -> WorkedOff:
    done = WorkedOff()
    locked = connection.execute("SELECT pg_try_advisory_lock(%s)", [ONE_AT_A_TIME]).fetchone()
    if locked != (True,):
        done.busy = True
        return done
    tried: list[int] = []
    while request := connection.cursor(row_factory=class_row(Request)).execute(_WAITING, [tried]).fetchone():
        tried.append(request.user_id)
        connection.execute("UPDATE dataflix.erasures SET attempts = attempts + 1 WHERE user_id = %s", [request.user_id])
        if _erase(settings, contracts, request, wait_seconds):
            # Whoever took the same number since then and asked again waits under another transaction
            connection.execute(
                "UPDATE dataflix.erasures SET erased_at = now() WHERE user_id = %s AND txid = %s",
                [request.user_id, request.txid],
            )
            done.erased += 1
        else:
            done.failed += 1
    return done


def _erase(settings: Settings, contracts: Contracts, request: Request, wait_seconds: float) -> bool:
    try:
        receipt = forget(
            settings, contracts, request.user_id, wait_seconds, lambda _: None, deleted_before=request.deletion
        )
    except ErasureFailed:
        return False
    return receipt.clean
