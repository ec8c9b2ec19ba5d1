"""The real servers that integration tests run against, in a home of their own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dataflix.settings import PROJECT, Settings, load_settings

START_LIMIT_S = 280


class Stack:
    """The servers of one home. What is up stays up until ``stop``."""

    def __init__(self, home: Path, port_offset: int) -> None:
        self.home = home
        self._port_offset = port_offset
        self._up: set[str] = set()

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"DATAFLIX_HOME": str(self.home)}

    @property
    def settings(self) -> Settings:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATAFLIX_HOME", str(self.home))
            return load_settings()

    def need(self, *services: str) -> Settings:
        """Start what is not up yet; the Settings of the home."""
        if missing := [service for service in services if service not in self._up]:
            self._up.update(missing)  # even when the start fails: something may be left to stop
            only = [argument for service in missing for argument in ("--only", service)]
            self._run([str(PROJECT / "bin" / "dataflix"), "up", *only, "--port-offset", str(self._port_offset)])
        return self.settings

    def run(self, program: str, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run ``python -m program arguments`` in this home, with settings of ``env``; what it printed.

        A failure of the program fails the test.
        """
        return self._run([sys.executable, "-m", program, *arguments], env)

    def stop(self) -> None:
        """Stop every server and remove all that the home holds, here or elsewhere."""
        self._run([str(PROJECT / "bin" / "dataflix"), "down", "--purge"])

    def _run(self, command: list[str], env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=self.environment | dict(env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_LIMIT_S,
            check=False,
        )
        if done.returncode != 0:
            pytest.fail(
                f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}", pytrace=False
            )
        return done.stdout
