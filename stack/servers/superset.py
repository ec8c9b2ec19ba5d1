"""Superset in an environment of its own: one gunicorn process with threads, and its database in our PostgreSQL."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dataflix.settings import PROJECT
from stack.digests import digest
from stack.environments import REQUIREMENTS, ensure
from stack.home import Home
from stack.preparation import Preparation

ENVIRONMENT = "superset"
ROLE = "dataflix_superset"
DATABASE = "superset"
USER = "admin"
CODE = PROJECT / "superset"
LOCK = REQUIREMENTS / f"{ENVIRONMENT}.lock"
CONFIGURATION = CODE / "superset_config.py"
_INITIALISE = CODE / "initialise.py"
# A dashboard asks for all of its charts at once
THREADS = 8


def folder(home: Home) -> Path:
    """What Superset writes besides its database."""
    return home.folder / "superset"


def _program(home: Home, name: str) -> Path:
    return home.runtime / ENVIRONMENT / "bin" / name


def command(home: Home) -> Sequence[str | Path]:
    """The command that runs the server."""
    address = home.settings.superset
    return (
        _program(home, "gunicorn"), "--bind", str(address), "--workers", "1", "--worker-class", "gthread",
        "--threads", str(THREADS), "--timeout", "60", "--keep-alive", "5",
        # It would lie outside of the home
        "--no-control-socket", "superset.app:create_app()",
    )  # fmt: skip


def environment(home: Home) -> Mapping[str, str]:
    """Its whole configuration; credentials stay off the command line."""
    settings = home.settings
    return {
        "SUPERSET_CONFIG_PATH": str(CONFIGURATION),
        "SUPERSET_HOME": str(folder(home)),
        "SUPERSET_SECRET_KEY": settings.superset_session_secret_key.get_secret_value(),
        "SUPERSET_DATABASE_URI": settings.postgres_uri("psycopg2", ROLE, settings.postgres_superset_password, DATABASE),
        # It counts its installations on a server of its makers unless it is told not to
        "SCARF_ANALYTICS": "false",
        # The folder superset/ of the project is no package, and must not be looked into for one
        "PYTHONPATH": "",
    }


def prepare(home: Home) -> None:
    """Make its environment, and bring its database up to its release. At once where that was done.

    Raises InstallationFailed, StepFailed.
    """
    ensure(ENVIRONMENT, home.runtime)
    folder(home).mkdir(mode=0o700, exist_ok=True)
    administrator = {
        "SUPERSET_ADMIN_USER": USER,
        "SUPERSET_ADMIN_PASSWORD": home.settings.superset_admin_password.get_secret_value(),
    }
    Preparation(
        failure="Superset's database could not be brought up to date",
        command=[_program(home, "python"), _INITIALISE],
        environment={**environment(home), **administrator},
        folder=folder(home),
        log=home.logs / "superset-initialise.log",
        mark=folder(home) / "prepared-with",
        made_from=digest((LOCK, _INITIALISE, home.secrets_file)),
    ).run()
