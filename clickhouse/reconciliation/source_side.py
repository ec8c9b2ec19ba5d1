"""The source side of the comparison: PostgreSQL, read as ``dataflix_verifier`` in one snapshot."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg.rows import tuple_row

from clickhouse.reconciliation import orders
from clickhouse.reconciliation.canonical import Block, source_query
from clickhouse.reconciliation.comparison import Difference
from dataflix.contracts import Table
from dataflix.errors import ContractViolation, DataflixError, SettingsError, SourceUnavailable
from dataflix.postgres_access import encryption_refusal
from dataflix.settings import Settings

ROLE = "dataflix_verifier"
CONNECT_SECONDS = 5
ROWS_AT_A_TIME = 5_000

Read = Callable[[Table, Sequence[Difference] | None], Iterator[Block]]


@contextmanager
def source_snapshot(settings: Settings) -> Iterator[Read]:
    """A function that streams the canonical, not yet masked rows of a table, or those that have differed.

    All tables as of one moment, which is fixed before the block begins. Raises SourceUnavailable, SettingsError for a
    refused password, and ContractViolation when a table cannot be read as its contract describes it.
    """
    with connect(settings) as connection, reported(settings, None):
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("SELECT 1")  # the first query fixes the snapshot

        def read(table: Table, differences: Sequence[Difference] | None) -> Iterator[Block]:
            condition = "true"
            if differences is not None:
                condition = orders.as_text(connection, orders.names_rows(table, differences))
            with reported(settings, table), connection.cursor(name="verify", row_factory=tuple_row) as cursor:
                cursor.execute(source_query(table, condition).encode())
                while block := cursor.fetchmany(ROWS_AT_A_TIME):
                    yield block

        yield read


def connect(settings: Settings) -> psycopg.Connection[tuple[object, ...]]:
    """A session in UTC and ISO dates. Raises SourceUnavailable, SettingsError for a refused password."""
    try:
        return psycopg.connect(
            settings.postgres_conninfo(ROLE, settings.postgres_verifier_password),
            connect_timeout=CONNECT_SECONDS,
            options="-c timezone=UTC -c datestyle=ISO,YMD -c client_encoding=UTF8",
        )
    except psycopg.OperationalError as error:
        if "authentication failed" in str(error):
            raise SettingsError(
                f"PostgreSQL at {settings.postgres} refuses the password of {ROLE}: let "
                "DATAFLIX_POSTGRES_VERIFIER_PASSWORD be the one that `python -m connectors migrate` was run with."
            ) from None
        if because := encryption_refusal(settings, error):
            raise SettingsError(because) from None
        raise _away(settings) from None


@contextmanager
def reported(settings: Settings, table: Table | None) -> Iterator[None]:
    """What PostgreSQL refuses in the block, as SourceUnavailable or ContractViolation."""
    try:
        yield
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.InsufficientPrivilege,
    ) as error:
        raise _unlike_its_contract(table, error) from None
    except (psycopg.OperationalError, psycopg.InterfaceError):
        raise _away(settings) from None


def _away(settings: Settings) -> DataflixError:
    return SourceUnavailable(
        f"PostgreSQL does not answer at {settings.postgres} (database {settings.postgres_database}): see that it runs "
        "(`bin/dataflix status`), and that DATAFLIX_POSTGRES_HOST and DATAFLIX_POSTGRES_PORT name it."
    )


def _unlike_its_contract(table: Table | None, error: psycopg.Error) -> DataflixError:
    return ContractViolation(
        f"The source cannot be read as the contract of {table.name if table else 'its tables'} describes it: "
        f"{error.diag.message_primary}. Migrate the source (`python -m connectors migrate`), or mend the contract."
    )
