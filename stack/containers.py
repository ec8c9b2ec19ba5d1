"""What ``docker-compose.yml`` reads besides itself: ``.env`` with every credential, and ClickHouse's configuration."""

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from dataflix.settings import PROJECT, Settings
from stack.home import MASKING_KEY, PREFIX, generated_secrets, read_env, write_env
from stack.servers import clickhouse

ENV_FILE = PROJECT / ".env"
API_TOKEN = f"{PREFIX}API_TOKEN"
_HEADING = "The credentials of docker-compose.yml; nobody else may read them"
_KEY_BYTES = 32


def credentials(present: Mapping[str, str]) -> dict[str, str]:
    """``present`` and a fresh random value for all that it lacks, masking key and a first token of the API included."""
    fresh = {
        "COMPOSE_PROJECT_NAME": "dataflix",
        MASKING_KEY: secrets.token_urlsafe(_KEY_BYTES),
        API_TOKEN: f"dataflix_{secrets.token_urlsafe(_KEY_BYTES)}",
    }
    lacking = {name: value for name, value in fresh.items() if not present.get(name)}
    return generated_secrets({**present, **lacking})


def keep_credentials(file: Path) -> list[str]:
    """Write ``file`` with all credentials, for its owner only; those that it has stay. The names that are new.

    Raises SettingsError when one that it holds cannot be written again.
    """
    present = read_env(file)
    complete = credentials(present)
    write_env(file, _HEADING, complete)
    return sorted(complete.keys() - present.keys())


def configurations() -> Iterator[tuple[Path, str]]:
    """The files of ``docker/`` that come from settings and roles, and what they have to hold."""
    defaults = Settings.model_construct()
    folder = PROJECT / "docker" / "clickhouse"
    yield folder / "server.xml", clickhouse.container_server_configuration(defaults)
    yield folder / "users.xml", clickhouse.container_users_configuration()
