"""Opening clients of ClickHouse's HTTP interface for one of its named users."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from pydantic import SecretStr

from dataflix.errors import DataflixError, SettingsError, SourceUnavailable
from dataflix.settings import Settings

CONNECT_SECONDS = 5
REPLY_SECONDS = 300
WRONG_CREDENTIALS = 516  # ClickHouse's code for a user or a password that it does not know

# The driver logs what it raises. Where no program has set up logging, it keeps silent: the border says what failed.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())


class ClickHouseUser(StrEnum):
    """The users of ``clickhouse/roles.yml``."""

    ADMIN = "admin"
    WORKER = "worker"
    DBT = "dbt"
    TRAINING = "training"
    VERIFIER = "verifier"
    ERASER = "eraser"
    WATCHER = "watcher"
    SUPERSET = "superset"
    API = "api"

    def password(self, settings: Settings) -> SecretStr:
        """The password that the settings hold for this user."""
        password: SecretStr = getattr(settings, f"clickhouse_{self}_password")
        return password


def open_clickhouse(settings: Settings, user: ClickHouseUser, database: str = "default") -> Client:
    """Open a client that threads may share; the caller closes it.

    Raises SourceUnavailable when the server does not answer, SettingsError when it refuses the password.
    """
    try:
        return clickhouse_connect.get_client(
            host=settings.clickhouse.host,
            port=settings.clickhouse.port,
            username=user,
            password=user.password(settings).get_secret_value(),
            secure=settings.clickhouse_secure,
            ca_cert=str(settings.clickhouse_ca_file) if settings.clickhouse_ca_file else None,
            database=database,
            client_name="dataflix",
            tz_mode="aware",
            connect_timeout=CONNECT_SECONDS,
            send_receive_timeout=REPLY_SECONDS,
            # a session holds one query at a time, and nothing here needs one
            autogenerate_session_id=False,
        )
    except DatabaseError as error:
        raise refusal(settings, user, error) from None


@contextmanager
def clickhouse(settings: Settings, user: ClickHouseUser, database: str = "default") -> Iterator[Client]:
    """A client that is closed at the end of the block. Raises what ``open_clickhouse`` raises."""
    client = open_clickhouse(settings, user, database)
    try:
        yield client
    finally:
        client.close()


def refusal(settings: Settings, user: ClickHouseUser, error: DatabaseError) -> DataflixError:
    """What ``error`` of a client of ``user`` means to a person, without the text of the query."""
    if error.code == WRONG_CREDENTIALS:
        return SettingsError(
            f"ClickHouse at {settings.clickhouse} refuses the password of {user!s}: let "
            f"DATAFLIX_CLICKHOUSE_{user.upper()}_PASSWORD be the one that the server was started with."
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return SettingsError(
            f"ClickHouse at {settings.clickhouse} shows a certificate that is not trusted: let "
            "DATAFLIX_CLICKHOUSE_CA_FILE name who signed it, and DATAFLIX_CLICKHOUSE_HOST a name that it bears."
        )
    if "SSLError" in str(error):
        return SettingsError(
            f"ClickHouse at {settings.clickhouse} does not encrypt, and DATAFLIX_CLICKHOUSE_SECURE asks for it: let "
            "DATAFLIX_CLICKHOUSE_PORT be the one of its HTTPS, or DATAFLIX_CLICKHOUSE_SECURE be false."
        )
    if error.code is None and isinstance(error, OperationalError):
        return SourceUnavailable(
            f"ClickHouse does not answer at {settings.clickhouse}: see that it runs (`bin/dataflix status`), "
            "and that DATAFLIX_CLICKHOUSE_HOST and DATAFLIX_CLICKHOUSE_PORT name it."
        )
    return SourceUnavailable(
        f"ClickHouse at {settings.clickhouse} refuses a query of {user!s} with {error.name or 'an error'} "
        f"(code {error.code}): see its log, `bin/dataflix logs clickhouse`."
    )
