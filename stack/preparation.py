"""What a server needs before it starts: done by a command, once for each state of what it is made from."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.errors import StepFailed


def run_logged(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> int:
    """Run a command with its output in a log that only its owner may read; its exit code.

    ``environment`` is added to this process's own.
    """
    with log.open("w") as output:
        log.chmod(0o600)
        return subprocess.run(
            command,
            env=os.environ | dict(environment or {}),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode


@dataclass(frozen=True, slots=True)
class Preparation:
    """A command, where it runs, and what it leaves."""

    failure: str
    """What a person is told when it does not go through: a sentence without its end."""
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    mark: Path
    """Where is kept what the last one was made from."""
    made_from: str
    """Digest of all that it reads."""

    def run(self) -> None:
        """Run it, or at once when it went through for just this. Raises StepFailed."""
        if self.mark.is_file() and self.mark.read_text() == self.made_from:
            return
        if run_logged(self.command, self.log, self.environment, self.folder):
            raise StepFailed(f"{self.failure}: the whole log is {self.log}.")
        self.mark.write_text(self.made_from)
