"""The environments of Dataflix, made from their locks. Standard library only: nothing else is there yet.

Below the runtime folder: ``bootstrap`` (pip brings uv, by hash), ``app`` and ``test`` (uv brings the rest, by hash),
and uv's cache. An environment is complete when its marker names the lock that it was made from: an installation that
was interrupted is done again.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dataflix.errors import DataflixError

PROJECT = Path(__file__).resolve().parent.parent
REQUIREMENTS = PROJECT / "requirements"
MARKER = ".dataflix-complete"
NEEDED_GB = 3.5
_DOWNLOADED = {
    "app": ", the first time about 1 GB",
    "airflow": ", the first time about 200 MB",
    "superset": ", the first time about 200 MB",
    "spark": ", the first time about 500 MB",
}
_CHECK = "is a package index reachable (index URL, proxy, certificates as pip is told), and is there disk?"


class InstallationFailed(DataflixError):
    """An environment could not be made."""


def say(text: str) -> None:
    """To whoever waits for the installation."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _step(what: str) -> Iterator[None]:
    """Say what begins, and how long it took."""
    started = time.monotonic()
    say(f"  … {what}")
    yield
    say(f"  ✓ {what} ({time.monotonic() - started:.1f} s)")


@contextlib.contextmanager
def locked(runtime: Path) -> Iterator[None]:
    """Hold the runtime folder: two installations at the same time wait for one another."""
    runtime.mkdir(parents=True, exist_ok=True)
    with (runtime / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  … Another dataflix is installing here: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _signature(lock: Path) -> str:
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    return f"{digest} {sys.version_info[0]}.{sys.version_info[1]}\n"


def is_complete(folder: Path, lock: Path) -> bool:
    """Whether the environment in ``folder`` was made from ``lock`` as it is now, by this Python, to the end."""
    marker = folder / MARKER
    return marker.is_file() and marker.read_text() == _signature(lock) and (folder / "bin" / "python").exists()


def _can_be_updated(folder: Path) -> bool:
    """Whether an older lock was installed to the end, by this Python. What runs on it then keeps most of its files."""
    marker = folder / MARKER
    version = f" {sys.version_info[0]}.{sys.version_info[1]}\n"
    return marker.is_file() and marker.read_text().endswith(version) and (folder / "bin" / "python").exists()


def _mark(folder: Path, lock: Path) -> None:
    partial = folder / (MARKER + ".partial")
    partial.write_text(_signature(lock))
    partial.replace(folder / MARKER)


def _run(command: Sequence[str | Path], failure: str, environ: Mapping[str, str]) -> None:
    """Run an installer. On a terminal its own progress shows; else its last lines come with the failure."""
    shown = sys.stderr.isatty()
    done = subprocess.run(
        [str(part) for part in command],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join((done.stdout or "").strip().splitlines()[-12:])
        raise InstallationFailed(f"{failure}\n{tail}".rstrip())


def uv_settings(pip_config: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What pip is told (``pip config list``), told to uv, which does not read it. What UV_* says already stands."""
    values: dict[str, str] = {}
    for line in pip_config.splitlines():
        key, _, value = line.partition("=")
        scope, _, name = key.rpartition(".")
        if scope in ("global", "install", ":env:"):
            values[name] = value.strip().strip("'\"").replace("\\n", " ")
    told: dict[str, str] = {}
    if "index-url" in values:
        told["UV_DEFAULT_INDEX"] = values["index-url"]
    if "extra-index-url" in values:
        told["UV_INDEX"] = " ".join(values["extra-index-url"].split())
    links = [place for place in values.get("find-links", "").split() if "://" in place or Path(place).is_dir()]
    if links:
        told["UV_FIND_LINKS"] = ",".join(links)
    if Path(values.get("cert", "")).is_file():
        told["SSL_CERT_FILE"] = values["cert"]
    return {name: value for name, value in told.items() if name not in environ}


def uv_environment(runtime: Path) -> dict[str, str]:
    """What uv runs with: the index settings of the person, and the runtime's own cache."""
    environ = {
        name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    }
    pip = [runtime / "bootstrap" / "bin" / "python", "-m", "pip", "config", "list"]
    listed = subprocess.run([str(part) for part in pip], env=environ, capture_output=True, text=True, check=False)
    environ |= uv_settings(listed.stdout, environ)
    environ |= {"UV_CACHE_DIR": str(runtime / "uv-cache"), "UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1"}
    return environ


def _make_bootstrap(runtime: Path) -> None:
    folder, lock = runtime / "bootstrap", REQUIREMENTS / "bootstrap.lock"
    if is_complete(folder, lock):
        return
    with _step("Installing the installer (uv)"):
        try:
            venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(folder)
        except (subprocess.CalledProcessError, ImportError, OSError) as error:
            raise InstallationFailed(
                f"A virtual environment could not be made in {folder} ({type(error).__name__}). On Debian and Ubuntu, "
                "`apt-get install python3-venv` brings what is missing; else check that the folder can be written."
            ) from error
        _run(
            [folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", lock],
            f"uv could not be installed: {_CHECK}",
            {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")},
        )
        _mark(folder, lock)


def uv(runtime: Path, *arguments: str | Path, failure: str) -> None:
    """Run uv from the bootstrap environment with the person's index settings and the runtime's own cache."""
    _run([runtime / "bootstrap" / "bin" / "uv", *arguments], failure, uv_environment(runtime))


def _check_disk(runtime: Path) -> None:
    free = shutil.disk_usage(runtime).free / 1e9
    if free < NEEDED_GB:
        raise InstallationFailed(
            f"Installing needs {NEEDED_GB:.1f} GB of disk, and {runtime} has {free:.1f} GB free. Make room, or set "
            "DATAFLIX_HOME to a folder on a larger disk."
        )


def ensure(name: str, runtime: Path) -> Path:
    """Make the environment ``name`` from ``requirements/<name>.lock`` where it is missing or stale; its folder.

    Raises InstallationFailed with a sentence for a person.
    """
    folder, lock = runtime / name, REQUIREMENTS / f"{name}.lock"
    if is_complete(folder, lock):
        return folder
    with locked(runtime):
        if is_complete(folder, lock):
            return folder
        _check_disk(runtime)
        _make_bootstrap(runtime)
        count = sum(1 for line in lock.read_text().splitlines() if line[:1].isalnum())
        with _step(f"Installing the {name} environment ({count} locked packages{_DOWNLOADED.get(name, '')})"):
            python = folder / "bin" / "python"
            if not _can_be_updated(folder):
                uv(
                    runtime, "venv", "--quiet", "--clear", "--python", sys.executable, folder,
                    failure=f"The environment {folder} could not be made.",
                )  # fmt: skip
            (folder / MARKER).unlink(missing_ok=True)
            uv(
                runtime, "pip", "sync", "--require-hashes", "--python", python, lock,
                failure=f"The packages of {lock.name} could not be installed: {_CHECK}",
            )  # fmt: skip
            _mark(folder, lock)
    return folder
