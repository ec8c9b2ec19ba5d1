"""The environments of Dataflix, made from their locks before anything else can run. Standard library only.

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
from typing import NoReturn

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
# These work on what is there, also while an installation is broken or the lock has moved on
AS_THEY_ARE = frozenset({"down", "status", "logs"})
# Programs that are there at once: what reads the other commands takes longer to import than these to start
AT_ONCE = {"shell": "cli"}


_CHECK = "is a package index reachable (index URL, proxy, certificates as pip is told), and is there disk?"


class BootstrapFailed(DataflixError):
    """An environment could not be made."""


def home_folder(environ: Mapping[str, str]) -> Path:
    """The home that DATAFLIX_HOME names, ``.dataflix`` in the project without it."""
    return Path(environ.get("DATAFLIX_HOME") or PROJECT / ".dataflix").expanduser().resolve()


def runtime_folder(home: Path, environ: Mapping[str, str]) -> Path:
    """Where environments and jars are: DATAFLIX_RUNTIME, what the home was started with, or ``runtime`` in the home."""
    named = environ.get("DATAFLIX_RUNTIME", "")
    settings = home / "settings.env"
    if not named and settings.is_file():
        lines = (line.partition("=") for line in settings.read_text().splitlines())
        named = next((value.strip("'\" ") for name, _, value in lines if name.strip() == "DATAFLIX_RUNTIME"), "")
    return Path(named).expanduser().resolve() if named else home / "runtime"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _step(what: str) -> Iterator[None]:
    """Say what begins, and how long it took."""
    started = time.monotonic()
    _say(f"  … {what}")
    yield
    _say(f"  ✓ {what} ({time.monotonic() - started:.1f} s)")


@contextlib.contextmanager
def locked(runtime: Path) -> Iterator[None]:
    """Hold the runtime folder: two installations at the same time wait for one another."""
    runtime.mkdir(parents=True, exist_ok=True)
    with (runtime / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("  … Another dataflix is installing here: waiting for it")
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
        raise BootstrapFailed(f"{failure}\n{tail}".rstrip())


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


def _uv_environment(runtime: Path) -> dict[str, str]:
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
            raise BootstrapFailed(
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
    _run([runtime / "bootstrap" / "bin" / "uv", *arguments], failure, _uv_environment(runtime))


def _check_disk(runtime: Path) -> None:
    free = shutil.disk_usage(runtime).free / 1e9
    if free < NEEDED_GB:
        raise BootstrapFailed(
            f"Installing needs {NEEDED_GB:.1f} GB of disk, and {runtime} has {free:.1f} GB free. Make room, or set "
            "DATAFLIX_HOME to a folder on a larger disk."
        )


def ensure(name: str, runtime: Path) -> Path:
    """Make the environment ``name`` from ``requirements/<name>.lock`` where it is missing or stale; its folder.

    Raises BootstrapFailed with a sentence for a person.
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


def program_environment(home: Path, runtime: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment that every program of the project runs in.

    Bytecode is kept in the runtime: large packages start in half the time, and the source tree stays clean.
    """
    dropped = ("PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in environ.items() if name not in dropped}
    return kept | {
        "DATAFLIX_HOME": str(home),
        "DATAFLIX_RUNTIME": str(runtime),
        "PYTHONPATH": str(PROJECT),
        "PYTHONSAFEPATH": "1",
        "PYTHONPYCACHEPREFIX": str(runtime / "bytecode"),
    }


_USAGE = """\
usage: bin/dataflix up [--port-offset N]

Nothing is installed yet: `up` installs, starts and loads all of it; then `bin/dataflix --help` lists every command, and
`bin/dataflix COMMAND --help` explains it."""


def _without_environment(arguments: Sequence[str], home: Path) -> int | None:
    """Answer what needs no environment; None when the command cannot be answered so."""
    command = arguments[0] if arguments else "--help"
    if command in ("-h", "--help") or "--help" in arguments:
        _say(_USAGE)
        return 0
    if command not in AS_THEY_ARE or (home / "supervisor").exists():
        return None
    if command == "down" and "--purge" in arguments and (home / "runtime").is_dir():
        shutil.rmtree(home, ignore_errors=True)
    _say(f"Nothing is installed in {home}" + (": start it with `bin/dataflix up`." if command != "down" else "."))
    return 0 if command == "down" else 1


def _become(program: Path, arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    os.execve(program, [str(program), *arguments], dict(environ))  # noqa: S606


def main(arguments: Sequence[str]) -> int:
    """Make the app environment when it is needed, and become ``python -m stack`` in it."""
    home = home_folder(os.environ)
    runtime = runtime_folder(home, os.environ)
    python = runtime / "app" / "bin" / "python"
    try:
        usable = (runtime / "app" / MARKER).is_file() and python.exists()
        if not usable:
            answered = _without_environment(arguments, home)
            if answered is not None:
                return answered
        # What stops or looks at a running stack does so with the environment that it runs on
        if not usable or (arguments and arguments[0] not in AS_THEY_ARE and "--help" not in arguments):
            ensure("app", runtime)
    except BootstrapFailed as failure:
        _say(f"dataflix: {failure}")
        return 1
    except OSError as failure:
        place = failure.filename or runtime
        _say(f"dataflix: {place} could not be used: {failure.strerror}. Check its disk and its permissions.")
        return 1
    except KeyboardInterrupt:
        _say("dataflix: interrupted; the next start goes on from here.")
        return 130
    program = AT_ONCE.get(arguments[0]) if arguments else None
    command = ["-m", program, *arguments[1:]] if program else ["-m", "stack", *arguments]
    _become(python, command, program_environment(home, runtime, os.environ))
