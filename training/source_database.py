"""A connection to the source database for imports, as its administrator: they create tables of their own."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from dataflix.errors import SettingsError, SourceUnavailable
from dataflix.postgres_access import encryption_refusal
from dataflix.settings import Settings

ROLE = "dataflix_admin"
CONNECT_TIMEOUT_S = 5

Connection = psycopg.Connection[tuple[object, ...]]


@contextmanager
def source_database(settings: Settings) -> Iterator[Connection]:
    """A connection in autocommit mode, closed at the end of the block.

    Raises SourceUnavailable when PostgreSQL does not answer or refuses a statement, SettingsError without a password.
    The message of PostgreSQL is left out: it may quote a row.
    """
    if not settings.postgres_admin_password.get_secret_value():
        raise SettingsError(
            "DATAFLIX_POSTGRES_ADMIN_PASSWORD is empty: `bin/dataflix up` generates it into secrets.env of the home."
        )
    conninfo = settings.postgres_conninfo(ROLE, settings.postgres_admin_password)
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            yield connection
    except psycopg.errors.UndefinedTable as error:
        raise SourceUnavailable(
            f"PostgreSQL at {settings.postgres} has no tables of Dataflix yet: run `bin/dataflix up` first."
        ) from error
    except psycopg.OperationalError as error:
        raise SourceUnavailable(
            encryption_refusal(settings, error)
            or f"PostgreSQL at {settings.postgres} does not answer {ROLE} ({type(error).__name__}): see that it runs "
            "(`bin/dataflix status`) and that DATAFLIX_POSTGRES_ADMIN_PASSWORD is the cluster's."
        ) from error
    except psycopg.Error as error:
        raise SourceUnavailable(
            f"PostgreSQL at {settings.postgres} refused a statement ({type(error).__name__}, code {error.sqlstate}): "
            "see `bin/dataflix logs postgres`."
        ) from error
