"""The tables of the source: our migrations (alembic, in ``connectors/migrations``), then those of the operator.

An operator's migration is a plain ``.sql`` file in a folder that DATAFLIX_MIGRATIONS names. Each is run once, in one
transaction, folder by folder and in the order of the file names, and recorded by name and digest in
``dataflix.operator_migrations``. They are not alembic revisions: a file needs no header and no knowledge of ours, and
ours can grow without a second head. They go forward only.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import psycopg

from connectors.errors import MigrationFailed
from connectors.postgres import Connection, connect_admin, told
from dataflix.errors import SettingsError
from dataflix.settings import Settings

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Bring our tables up to ``revision``. Raises MigrationFailed."""
    _alembic(settings, "upgrade", revision)


def downgrade(settings: Settings, revision: str) -> None:
    """Take our tables down to ``revision`` (``base`` for none). Data in what goes is lost. Raises MigrationFailed."""
    _alembic(settings, "downgrade", revision)


def _alembic(settings: Settings, direction: str, revision: str) -> None:
    # importing these takes a second, which no other command should wait for
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    # a connection of psycopg's own making: the password never takes the form of a URL
    engine = create_engine(
        "postgresql+psycopg://", poolclass=NullPool, creator=lambda: _transactional(connect_admin(settings))
    )
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS dataflix")
            connection.commit()
            config.attributes.update(connection=connection, schema="dataflix")
            getattr(command, direction)(config, revision)
    except DBAPIError as error:
        raise MigrationFailed(_failure(direction, error.orig)) from error
    except CommandError as error:
        raise MigrationFailed(
            f"The source cannot be brought to the revision {revision}: {error}. A database that a newer Dataflix has "
            "migrated needs that Dataflix."
        ) from error


def operator_migrations(folders: str) -> tuple[Path, ...]:
    """The files that ``folders`` (paths separated by ``:``) hold, in the order in which they apply.

    Raises SettingsError when a folder does not exist or two files have one name.
    """
    files: dict[str, Path] = {}
    for folder in filter(None, folders.split(":")):
        if not Path(folder).is_dir():
            raise SettingsError(
                f"DATAFLIX_MIGRATIONS names {folder}, which is not a folder: name what is there, with : between."
            )
        for file in sorted(Path(folder).glob("*.sql")):
            if other := files.get(file.name):
                raise SettingsError(f"{other} and {file} have one name, and a migration is recorded by it: rename one.")
            files[file.name] = file
    return tuple(files.values())


def apply_operator_migrations(connection: Connection, files: Sequence[Path]) -> list[str]:
    """Run those of ``files`` that have not run yet; their names.

    Raises MigrationFailed when one fails, or when one that ran has been changed since.
    """
    rows = connection.execute("SELECT name, sha256 FROM dataflix.operator_migrations").fetchall()
    applied = {str(name): digest for name, digest in rows}
    new = []
    for file in files:
        script = file.read_bytes()
        digest = hashlib.sha256(script).hexdigest()
        if file.name not in applied:
            _apply(connection, file.name, script, digest)
            new.append(file.name)
        elif applied[file.name] != digest:
            raise MigrationFailed(
                f"The migration {file} was changed after it had been applied: restore it, and put the change into a "
                "file of its own."
            )
    return new


def _apply(connection: Connection, name: str, script: bytes, digest: str) -> None:
    try:
        with connection.transaction():
            connection.execute(script)
            connection.execute(
                "INSERT INTO dataflix.operator_migrations (name, sha256) VALUES (%s, %s)", [name, digest]
            )
    except psycopg.Error as error:
        raise MigrationFailed(_failure(name, error)) from error


def _failure(what: str, error: BaseException | None) -> str:
    reason = told(error) if isinstance(error, psycopg.Error) else type(error).__name__
    return (
        f"The migration of the source failed ({what}): {reason}. Nothing of it was kept; correct it and migrate again."
    )


def _transactional(connection: Connection) -> Connection:
    connection.autocommit = False
    return connection
