"""Copies of the catalogues by PostgreSQL's own ``pg_dump``: what cannot be made again from the source.

The tables of the source are left out. They hold people, and a copy would outlive the erasure of one.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from stack.errors import StepFailed
from stack.home import Home
from stack.optional import chosen
from stack.servers import airflow, mlflow, postgres, superset

# Of the source, the schema in which the stream keeps its own tables
STREAM_SCHEMA = "dataflix"
_ENDING = ".dump"
_NAME = "%Y%m%dT%H%M%SZ"


def folder(home: Home) -> Path:
    """Where the copies lie."""
    return home.folder / "backups"


def _catalogues(home: Home) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every database with a catalogue, and what of it is one."""
    yield mlflow.DATABASE, ()
    yield home.settings.postgres_database, (f"--schema={STREAM_SCHEMA}",)
    databases = {airflow.ENVIRONMENT: airflow.DATABASE, superset.ENVIRONMENT: superset.DATABASE}
    yield from ((databases[option.name], ()) for option in chosen(home.settings) if option.name in databases)


def take(home: Home, now: datetime) -> Iterator[Path]:
    """Copy every catalogue; the files, each whole when it is yielded. Raises StepFailed."""
    folder(home).mkdir(mode=0o700, exist_ok=True)
    for database, part in _catalogues(home):
        path = folder(home) / f"{database}-{now:{_NAME}}{_ENDING}"
        partial = path.with_suffix(".partial")
        _dump(home, database, part, partial)
        partial.replace(path)
        yield path


def _dump(home: Home, database: str, part: tuple[str, ...], file: Path) -> None:
    settings = home.settings
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "PGSSLMODE": settings.postgres_sslmode,
        "PGSSLROOTCERT": str(settings.postgres_ca_file or ""),
        "PGPASSWORD": settings.postgres_admin_password.get_secret_value(),
    }
    done = subprocess.run(
        [
            postgres.placement(home).programs / "pg_dump", "--format=custom", f"--file={file}", *part,
            f"--host={settings.postgres.host}", f"--port={settings.postgres.port}",
            f"--username={postgres.ADMIN}", "--no-password", database,
        ],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        last = " ".join(done.stderr.strip().splitlines()[-1:])
        raise StepFailed(f"The catalogue {database} could not be copied to {folder(home)}: {last}")
    file.chmod(0o600)


def expire(home: Home, before: datetime) -> list[Path]:
    """Remove the copies that were made before that moment; what was removed."""
    old = [
        path
        for path in sorted(folder(home).glob(f"*{_ENDING}"))
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before
    ]
    for path in old:
        path.unlink()
    return old
