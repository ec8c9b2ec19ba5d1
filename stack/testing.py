"""The test run: linters, then pytest on homes, ports and caches of its own, and an end that leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.etree import ElementTree as ET

import psutil

from dataflix.settings import PROJECT, Settings
from stack.bootstrap import program_environment
from stack.digests import digest
from stack.errors import PreflightFailed
from stack.home import Home
from stack.optional import OPTIONS
from stack.preflight import is_free
from stack.services import services

# Tests on servers mostly wait: they run in so many processes, each with servers of its own
PROCESSES = 2
# So far apart, the ports of two stacks never meet
BETWEEN_STACKS = 220
# Above every default port, and below the range that outgoing connections take theirs from
OFFSETS = range(10_000, 12_421, BETWEEN_STACKS * PROCESSES)
BY_FILE = ("--numprocesses", str(PROCESSES), "--dist", "loadfile")
PARALLEL: Mapping[str, Sequence[str]] = {
    "unit": ("--numprocesses", "auto"),
    "integration": BY_FILE,
    "e2e": BY_FILE,
    # One Docker, one system on it
    "containers": ("-m", "containers"),
    "spark": ("-m", "spark"),
    # As many cases as there are asked for, however long that takes
    "conformance": ("--cases", "20000", "--timeout", "0"),
}
# Where the tests of a suite are that has no folder of its own
PLACES = {"spark": "integration", "conformance": "integration/test_openapi_conformance.py"}
DOCKERFILES = ("docker/Dockerfile", "tests/containers/stand_ins/Dockerfile")
LINTERS: Mapping[str, Sequence[str]] = {
    "ruff check": ("ruff", "check"),
    "ruff format": ("ruff", "format", "--check"),
    "mypy": ("mypy",),
    "import-linter": ("lint-imports",),
    "yamllint": ("yamllint", "--strict", "."),
    "hadolint": ("hadolint", *DOCKERFILES),
    "sqlfluff": ("sqlfluff", "lint", "--disable-progress-bar", "dbt/models"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out: tests by result, and the checks around them that failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    broken: tuple[str, ...] = ()
    """Linters that complained, and runs of pytest that ended with an error although no test failed."""

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.broken + other.broken,
        )

    @property
    def is_good(self) -> bool:
        return not self.failed and not self.broken

    def __str__(self) -> str:
        told = [f"Failed beside the tests: {', '.join(self.broken)}."] if self.broken else []
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return "\n".join([*told, f"{self.passed} passed, {self.failed} failed{skipped}"])


def read_report(report: Path, suite: str, exit_code: int) -> Outcome:
    """The outcome that pytest's JUnit report tells."""
    if not report.is_file():
        return Outcome(broken=(f"pytest {suite}",))
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suites in ET.parse(report).iter("testsuite"):  # noqa: S314 - pytest has just written it
        for name in counts:
            counts[name] += int(suites.get(name, 0))
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    return Outcome(passed, failed, counts["skipped"], (f"pytest {suite}",) if exit_code and not failed else ())


def reserve_offset(settings: Settings) -> tuple[int, socket.socket]:
    """A port offset for the first of ``PROCESSES`` stacks with every port free, and what keeps other runs off them.

    No service listens on the offset itself: the run that listens there has it. Raises PreflightFailed.
    """
    everything = settings.model_copy(update={"optional": ",".join(OPTIONS)})
    for offset in OFFSETS:
        reservation = socket.socket()
        try:
            reservation.bind(("127.0.0.1", offset))
            reservation.listen()
        except OSError:
            reservation.close()
            continue
        if all(_has_free_ports(everything, offset + process * BETWEEN_STACKS) for process in range(PROCESSES)):
            return offset, reservation
        reservation.close()
    raise PreflightFailed(
        f"Each port offset for tests ({', '.join(map(str, OFFSETS))}) has a port in use: end what holds one."
    )


def _has_free_ports(settings: Settings, offset: int) -> bool:
    table = services(Home(settings.model_copy(update={"port_offset": offset}))).values()
    return all(is_free(service.address.host, port) for service in table for port in service.ports.values())


class CheckRun:
    """One run; on leaving it, whatever its tests started is ended and their homes are removed."""

    def __init__(self, home: Home, python: Path) -> None:
        self._folder = home.folder / "tests"
        self._homes = self._folder / "homes"
        self._python = python
        caches = home.runtime / "caches"
        # mypy keeps what it said of a module under other settings
        checked_by = digest((PROJECT / "pyproject.toml", PROJECT / "requirements" / "test.lock"))
        offset, self._reservation = reserve_offset(home.settings)
        own = {name: value for name, value in os.environ.items() if not name.startswith("DATAFLIX_")}
        self._environment = program_environment(self._homes / "no-home", home.runtime, own) | {
            "DATAFLIX_TEST_HOMES": str(self._homes),
            "DATAFLIX_TEST_PORT_OFFSET": str(offset),
            "DATAFLIX_TEST_BETWEEN_STACKS": str(BETWEEN_STACKS),
            "RUFF_CACHE_DIR": str(caches / "ruff"),
            "MYPY_CACHE_DIR": str(caches / f"mypy-{checked_by[:12]}"),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(caches / "hypothesis"),
            "GRIMP_CACHE_DIR": str(caches / "imports"),
            "MPLCONFIGDIR": str(caches / "matplotlib"),
        }

    def __enter__(self) -> Self:
        self._clear()
        self._homes.mkdir(parents=True)
        (self._folder / "tmp").mkdir()
        # Ended by a signal, a run clears up too
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if os.geteuid() == 0:
            # The PostgreSQL of a test's home runs as another user, which has to get through
            for folder in (self._folder, self._homes):
                folder.chmod(0o711)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()
        self._reservation.close()

    def lint(self) -> Outcome:
        """Run the linters; all of them, also when one complains."""
        broken = [name for name, command in LINTERS.items() if self._stage(name, self._tool(*command))]
        return Outcome(broken=tuple(broken))

    def pytest(self, suite: str, arguments: Sequence[str]) -> Outcome:
        """Run the tests of ``suite``."""
        report = self._folder / f"{suite}.xml"
        report.unlink(missing_ok=True)
        command = self._tool(
            "pytest", f"tests/{PLACES.get(suite, suite)}", "-p", "no:cacheprovider", f"--junitxml={report}",
            f"--basetemp={self._folder / 'tmp' / suite}", *PARALLEL.get(suite, ()), *arguments,
        )  # fmt: skip
        return read_report(report, suite, self._stage(f"pytest {suite}", command))

    def _tool(self, tool: str, *arguments: str) -> list[str]:
        return [str(self._python.with_name(tool)), *arguments]

    def _stage(self, name: str, command: Sequence[str]) -> int:
        started = time.monotonic()
        print(f"── {name}", flush=True)
        code = subprocess.run(command, cwd=PROJECT, env=self._environment, check=False).returncode
        verdict = "ok" if code == 0 else f"failed with exit code {code}"
        print(f"── {name}: {verdict} ({time.monotonic() - started:.1f} s)\n", flush=True)
        return code

    def _clear(self) -> None:
        """Bring down what still runs in the tests' homes, and remove them."""
        self._purge_homes()
        stragglers = self._stragglers()
        for process in stragglers:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(stragglers, timeout=10)
        # Once more for a home that was busy: with a command that the end of the run cut off
        self._purge_homes()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _purge_homes(self) -> None:
        for home in self._homes.iterdir() if self._homes.is_dir() else ():
            down = [sys.executable, "-m", "stack", "down", "--purge"]
            subprocess.run(down, env=os.environ | {"DATAFLIX_HOME": str(home)}, capture_output=True, check=False)

    def _stragglers(self) -> list[psutil.Process]:
        """Processes of a test's home that nobody brought down: each carries the home in its environment."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                home = process.environ().get("DATAFLIX_HOME", "")
                if home.startswith(f"{self._homes}{os.sep}") and process.pid != os.getpid():
                    found.append(process)
        return found
