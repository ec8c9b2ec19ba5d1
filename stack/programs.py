"""Running the commands of the other programs: as steps of `up` with a log, or in a person's terminal."""

import os
import subprocess
import sys
from typing import Any, NoReturn

from stack.errors import StepFailed
from stack.home import Home
from stack.preparation import run_logged

_SHOWN_LINES = 6
PASSED_THROUGH: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""For a command whose arguments are another program's: all of them go there, ``--help`` too."""


class Programs:
    """The programs of the project, run in the environment of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def run(self, program: str, *arguments: str) -> None:
        """Run ``python -m program arguments`` with its output in a log. Raises StepFailed with the last of it."""
        log = self._home.logs / f"{program}-{arguments[0]}.log"
        code = run_logged([sys.executable, "-m", program, *arguments], log)
        if code:
            last = "\n".join(
                f"    {line}" for line in log.read_text(errors="replace").strip().splitlines()[-_SHOWN_LINES:]
            )
            raise StepFailed(
                f"`{program} {' '.join(arguments)}` failed with exit code {code}; it ended with\n{last}\n"
                f"The whole log is {log}."
            )


def pass_through(program: str, *arguments: str) -> int:
    """Run ``python -m program arguments`` in the person's terminal; its exit code."""
    return subprocess.run([sys.executable, "-m", program, *arguments], check=False).returncode


def become(program: str, *arguments: str) -> NoReturn:
    """Give this process over to ``python -m program arguments``."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", program, *arguments])  # noqa: S606
