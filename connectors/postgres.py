"""Connections to PostgreSQL as its administrator, made when it answers."""

import psycopg
import tenacity
from pydantic import SecretStr

from dataflix.errors import SettingsError, SourceUnavailable
from dataflix.postgres_access import encryption_refusal
from dataflix.settings import Settings

ADMIN = "dataflix_admin"
MAINTENANCE_DATABASE = "postgres"
WAIT_S = 60.0
_PAUSE_S = 0.2
_CONNECT_TIMEOUT_S = 5

Connection = psycopg.Connection[tuple[object, ...]]


def required(settings: Settings, setting: str) -> SecretStr:
    """The password in ``setting``. Raises SettingsError when it is empty: an empty password locks a role out."""
    password: SecretStr = getattr(settings, setting)
    if not password.get_secret_value():
        raise SettingsError(
            f"DATAFLIX_{setting.upper()} is empty: `bin/dataflix up` generates it into secrets.env of the home, "
            "or set it in the environment."
        )
    return password


def connect_admin(settings: Settings, database: str | None = None, *, wait_s: float = WAIT_S) -> Connection:
    """Connect as ``dataflix_admin`` to ``database`` (default: the source), waiting up to ``wait_s`` seconds for it.

    Autocommit is on: a step that must be whole opens a transaction. Raises SourceUnavailable.
    """
    conninfo = settings.postgres_conninfo(ADMIN, required(settings, "postgres_admin_password"), database)
    try:
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=tenacity.stop_after_delay(wait_s),
            wait=tenacity.wait_fixed(_PAUSE_S),
            reraise=True,
        ):
            with attempt:
                return psycopg.connect(conninfo, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S)
    except psycopg.OperationalError as error:
        if because := encryption_refusal(settings, error):
            raise SourceUnavailable(because) from None
        reason = "refuses the connection" if not _may_pass(error) else f"does not answer after {wait_s:g} s"
        raise SourceUnavailable(
            f"PostgreSQL at {settings.postgres} {reason} (role {ADMIN}, database "
            f"{database or settings.postgres_database}): see {settings.logs / 'postgres.log'}, and whether "
            "DATAFLIX_POSTGRES_ADMIN_PASSWORD is the cluster's."
        ) from error
    raise AssertionError("tenacity either returns or raises")


def told(error: psycopg.Error) -> str:
    """What PostgreSQL said: tables, columns, constraints. The detail, which can quote a row, stays out."""
    return error.diag.message_primary or type(error).__name__


def _may_pass(error: BaseException) -> bool:
    """Whether waiting can help: not when the server answered and said no."""
    return isinstance(error, psycopg.OperationalError) and not any(
        refusal in str(error)
        for refusal in (
            "authentication failed",
            "does not exist",
            "no pg_hba.conf entry",
            "certificate",
            "does not support SSL",
        )
    )
