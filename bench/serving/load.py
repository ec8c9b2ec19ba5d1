"""Load by wrk: requests over connections that stay open, each as soon as the one before is answered."""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from dataflix.errors import DataflixError
from dataflix.settings import Address

SCRIPT = Path(__file__).with_name("requests.lua")
PATIENCE = 30.0  # seconds beyond those of the load
INSTALL_PATIENCE = 300.0  # seconds


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: a method and a path, and a body of JSON or none."""

    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one run."""

    answered: int
    seconds: float
    failed: int  # answers other than 2xx and 3xx, and connections that broke
    latencies: tuple[tuple[int, int], ...]  # microseconds, and how many answers took so long
    processor_seconds: float = 0.0  # that the generator took


def find_wrk() -> Path:
    """The load generator; where there is none, Debian's is installed. Raises DataflixError when that cannot be."""
    if (found := shutil.which("wrk")) is None and os.geteuid() == 0 and (apt := shutil.which("apt-get")):
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "wrk"]):
            subprocess.run([apt, "--quiet", *command], capture_output=True, timeout=INSTALL_PATIENCE, check=False)
        found = shutil.which("wrk")
    if found is None:
        raise DataflixError("There is no wrk here, which sends the requests: install it (`apt-get install wrk`).")
    return Path(found)


def send(wrk: Path, to: Address, requests: Iterable[Request], connections: int, seconds: int) -> Load:
    """Send the requests, over and over, for so long. Raises DataflixError when nothing answers."""
    with tempfile.NamedTemporaryFile("wb", suffix=".requests") as file:
        for one in requests:
            file.write(f"{one.method} {one.path} ".encode() + one.body + b"\n")
        file.flush()
        command: list[str | Path] = [
            wrk,
            f"-c{connections}",
            "-t1",
            f"-d{seconds}s",
            "-s",
            SCRIPT,
            to.url,
            "--",
            file.name,
        ]
        before = _processor_seconds()
        ended = subprocess.run(command, capture_output=True, timeout=seconds + PATIENCE, check=False)
        taken = _processor_seconds() - before
    told = ended.stdout.rpartition(b"\n{")[2]
    if ended.returncode or not told:
        raise DataflixError(f"wrk could not send its requests to {to}: see `bin/dataflix status`.")
    report = orjson.loads(b"{" + told)
    return Load(
        report["requests"],
        report["microseconds"] / 1e6,
        report["failed"],
        tuple((microseconds, count) for microseconds, count in report["latencies"]),
        taken,
    )


def _processor_seconds() -> float:
    """Of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def summed(loads: Sequence[Load]) -> dict[str, float]:
    """Answers a second, and percentiles of all of them in milliseconds."""
    counts = [pair for load in loads for pair in load.latencies]
    values, weights = np.array(sorted(counts), dtype=np.float64).reshape(-1, 2).T
    reached = np.cumsum(weights)
    places = np.searchsorted(reached, np.array([0.5, 0.99]) * (reached[-1] if reached.size else 0))
    p50, p99 = values[places].tolist() if reached.size else (float("nan"), float("nan"))
    return {
        "rps": round(sum(load.answered for load in loads) / sum(load.seconds for load in loads), 1),
        "p50_ms": round(p50 / 1000, 2),
        "p99_ms": round(p99 / 1000, 2),
        "failed": sum(load.failed for load in loads),
    }
