"""What `bin/dataflix` does first: see that the app environment is there, and become the program in it.

Standard library only: it runs before anything is installed.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from stack.environments import MARKER, PROJECT, InstallationFailed, ensure, say

# These work on what is there, also while an installation is broken or the lock has moved on
AS_THEY_ARE = frozenset({"down", "status", "logs"})
# Programs that are there at once: what reads the other commands takes longer to import than these to start
AT_ONCE = {"shell": "cli"}


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
        say(_USAGE)
        return 0
    if command not in AS_THEY_ARE or (home / "supervisor").exists():
        return None
    if command == "down" and "--purge" in arguments and (home / "runtime").is_dir():
        shutil.rmtree(home, ignore_errors=True)
    say(f"Nothing is installed in {home}" + (": start it with `bin/dataflix up`." if command != "down" else "."))
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
    except InstallationFailed as failure:
        say(f"dataflix: {failure}")
        return 1
    except OSError as failure:
        place = failure.filename or runtime
        say(f"dataflix: {place} could not be used: {failure.strerror}. Check its disk and its permissions.")
        return 1
    except KeyboardInterrupt:
        say("dataflix: interrupted; the next start goes on from here.")
        return 130
    program = AT_ONCE.get(arguments[0]) if arguments else None
    command = ["-m", program, *arguments[1:]] if program else ["-m", "stack", *arguments]
    _become(python, command, program_environment(home, runtime, os.environ))
