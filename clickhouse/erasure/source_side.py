"""The source side of an erasure: the person's rows in PostgreSQL, deleted as ``dataflix_eraser`` in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
import tenacity
from psycopg import sql
from psycopg.rows import class_row

from dataflix.contracts import Table
from dataflix.errors import DataflixError, SettingsError, SourceUnavailable
from dataflix.postgres_access import encryption_refusal
from dataflix.settings import Settings

ROLE = "dataflix_eraser"
CONNECT_SECONDS = 5
_TRIES = 20
_TXIDS = 1 << 32  # the stream names a transaction by the lower half of its number

PersonalTables = Sequence[tuple[Table, str]]


class ErasureFailed(DataflixError):
    """A step of an erasure did not come about; running it again continues it."""


@dataclass(frozen=True, slots=True)
class SourceDeletion:
    """What one transaction deleted."""

    rows: Mapping[str, int]  # by table, of those that held any
    txid: int  # as the stream names it
    begun_at: datetime  # by the clock of the source
    epoch: int  # of the stream, at that moment; -1 when nothing had been read yet


@dataclass(frozen=True, slots=True)
class _Transaction:
    txid: int
    begun_at: datetime
    epoch: int


def delete_from_source(settings: Settings, tables: PersonalTables, user_id: int) -> SourceDeletion | None:
    """Delete the person's rows, those of ``tables`` in their order; None when there are none.

    Whatever the person does at the same moment is deleted with the rest, or comes too late and is refused.
    Raises SourceUnavailable, SettingsError for a refused password, ErasureFailed when the source refuses.
    """
    try:
        with connect_eraser(settings) as connection:
            # Under this isolation a row that appears between counting and cascading is an error, and the next try's
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            return _once_nobody_interferes(_delete, connection, tables, user_id)
    except psycopg.Error as error:
        if error.sqlstate is None:
            raise source_away(settings) from None
        raise ErasureFailed(
            f"PostgreSQL at {settings.postgres} does not delete the rows of the user {user_id}: "
            f"{error.diag.message_primary or type(error).__name__}. Nothing was deleted; see that "
            "`python -m connectors migrate` has run, and that every table of the person's lets its rows go."
        ) from None


_once_nobody_interferes = tenacity.Retrying(
    retry=tenacity.retry_if_exception_type((psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)),
    stop=tenacity.stop_after_attempt(_TRIES),
    wait=tenacity.wait_random(0, 0.2),
    reraise=True,
)


def _delete(
    connection: psycopg.Connection[tuple[object, ...]], tables: PersonalTables, user_id: int
) -> SourceDeletion | None:
    with connection.transaction():
        rows = {
            table.name: connection.execute(
                sql.SQL("DELETE FROM {} WHERE {} = %s").format(
                    sql.Identifier(table.source_schema, table.table), sql.Identifier(column)
                ),
                [user_id],
            ).rowcount
            for table, column in tables
        }
        if not any(rows.values()):
            return None
        found = connection.cursor(row_factory=class_row(_Transaction)).execute(
            "SELECT mod(pg_current_xact_id()::text::numeric, %s)::bigint AS txid, now() AS begun_at, "
            "dataflix.present_epoch() AS epoch",
            [_TXIDS],
        )
        transaction = next(found)
        deleted = {name: count for name, count in rows.items() if count}
        return SourceDeletion(deleted, transaction.txid, transaction.begun_at, transaction.epoch)


def read_anew_since(settings: Settings, deletion: SourceDeletion) -> bool:
    """Whether everything was read again after ``deletion``, in an epoch of the stream that is whole by now.

    Then the worker has delivered all that came before, and raw shows no row that the source did not have: the events of
    the deletion may have been lost. Raises SourceUnavailable, SettingsError for a refused password.
    """
    query = "SELECT FROM dataflix.epochs WHERE epoch > %s AND state = 'whole' LIMIT 1"
    try:
        with connect_eraser(settings) as connection:
            return connection.execute(query, [deletion.epoch]).rowcount > 0
    except psycopg.OperationalError:
        raise source_away(settings) from None


def connect_eraser(settings: Settings) -> psycopg.Connection[tuple[object, ...]]:
    """A connection as ``dataflix_eraser``. Raises SourceUnavailable, SettingsError for a refused password."""
    try:
        return psycopg.connect(
            settings.postgres_conninfo(ROLE, settings.postgres_eraser_password), connect_timeout=CONNECT_SECONDS
        )
    except psycopg.OperationalError as error:
        if "authentication failed" in str(error) or "no password supplied" in str(error):
            raise SettingsError(
                f"PostgreSQL at {settings.postgres} refuses the password of {ROLE}: run `bin/dataflix up`, or let "
                "DATAFLIX_POSTGRES_ERASER_PASSWORD be the one that `python -m connectors migrate` was run with."
            ) from None
        if because := encryption_refusal(settings, error):
            raise SettingsError(because) from None
        raise source_away(settings) from None


def source_away(settings: Settings) -> DataflixError:
    """What to say when PostgreSQL does not answer."""
    return SourceUnavailable(
        f"PostgreSQL does not answer at {settings.postgres} (database {settings.postgres_database}): see that it runs "
        "(`bin/dataflix status`), and that DATAFLIX_POSTGRES_HOST and DATAFLIX_POSTGRES_PORT name it."
    )
