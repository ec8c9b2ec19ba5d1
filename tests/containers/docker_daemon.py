"""The Docker daemon of the container tests: the one that answers, else one of their own, which ends with them."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

NEEDED = ("docker", "docker-compose", "debootstrap")
# A folder that keeps what is built: images of the tests' own daemon, and MinIO
KEPT = "DATAFLIX_TEST_DOCKER"
_START_SECONDS = 90
_STOP_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Daemon:
    """How docker and docker-compose reach the daemon."""

    environment: dict[str, str]
    keeps_images: bool

    def docker(self, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``docker``."""
        return self.run("docker", *arguments, check=check)

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the daemon's environment; when it fails, what it said fails the test."""
        finished = subprocess.run(
            [str(part) for part in command], env=self.environment, capture_output=True, text=True, check=False
        )
        if check and finished.returncode:
            said = "\n".join((finished.stdout + finished.stderr).splitlines()[-40:])
            pytest.fail(f"{' '.join(map(str, command))} ended with {finished.returncode}:\n{said}", pytrace=False)
        return finished

    def answers(self) -> bool:
        return self.docker("version", check=False).returncode == 0


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH", "DOCKER_HOST")}
    # Images are built by the daemon itself: the other builder is a plugin, which not every machine has
    return kept | {"DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0"}


def missing() -> str:
    """Why containers cannot be tested here; empty when they can."""
    if os.geteuid() != 0:
        return "the base of the images is made by debootstrap, which only root can run"
    if lacking := [name for name in NEEDED if shutil.which(name) is None]:
        return f"{', '.join(lacking)} not installed (Debian: apt-get install docker.io docker-compose debootstrap)"
    return ""


@contextmanager
def running_daemon() -> Iterator[Daemon]:
    """The daemon that DOCKER_HOST or the machine offers, else one that is started now. Skips where none can be."""
    present = Daemon(_environment(), keeps_images=False)
    if present.answers():
        yield present
        return
    if shutil.which("dockerd") is None:
        pytest.skip("no Docker daemon answers, and dockerd is not installed")
    with tempfile.TemporaryDirectory(prefix="dataflix-docker-") as name:
        # Short: the name of a socket may have some hundred characters
        folder = Path(name)
        kept = os.environ.get(KEPT, "")
        own = Daemon(_environment() | {"DOCKER_HOST": f"unix://{folder / 'socket'}"}, keeps_images=bool(kept))
        log = folder / "log"
        with log.open("w") as output, _started(own, Path(kept or folder / "data"), folder, output.fileno()) as process:
            attempts = Retrying(
                stop=stop_after_delay(_START_SECONDS),
                wait=wait_fixed(0.5),
                retry=retry_if_result(lambda answered: not answered and process.poll() is None),
                retry_error_callback=lambda _: False,
            )
            if not attempts(own.answers):
                last = log.read_text().strip().splitlines()[-1:]
                pytest.skip(f"no Docker daemon can be started here: {' '.join(last)}")
            yield own


@contextmanager
def _started(own: Daemon, data: Path, folder: Path, output: int) -> Iterator[subprocess.Popen[bytes]]:
    command = (
        "dockerd", "--host", own.environment["DOCKER_HOST"], "--data-root", data, "--exec-root", folder / "exec",
        "--pidfile", folder / "pid", "--bridge", "none",
    )  # fmt: skip
    process = subprocess.Popen(
        [str(part) for part in command],
        env=own.environment,
        stdout=output,
        stderr=subprocess.STDOUT,
        # Ctrl-C is for the tests, which then take their containers down
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
        _unmount_below(own, folder)


def _unmount_below(own: Daemon, folder: Path) -> None:
    """Let go of what the daemon leaves mounted, the network namespace that it ran in."""
    mounted = (line.split()[1] for line in Path("/proc/mounts").read_text().splitlines())
    for place in sorted((place for place in mounted if place.startswith(f"{folder}{os.sep}")), reverse=True):
        own.run("umount", place, check=False)
