"""Workers that exist for one measurement: the same program as the running one, on ports of their own."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psutil
from prometheus_client.parser import text_string_to_metric_families

from bench.own_servers import free_port
from bench.throughput.pace import Pace
from dataflix.errors import DataflixError
from dataflix.settings import PROJECT, Address, Settings

_PATIENCE = 120.0  # seconds without a further event
_PAUSE = 0.2  # each look at the metrics costs the worker some milliseconds of processor time
_STOP = 20.0


@dataclass(frozen=True, slots=True)
class Drained:
    """What workers took for a backlog."""

    per_second: int | None  # None where there were too few events to measure
    cpu_us: float  # processor time for each event, in microseconds: other programs do not slow this one down


@contextmanager
def working(settings: Settings, count: int, clickhouse: Address) -> Iterator[list["Worker"]]:
    """So many workers, each with a share of the partitions, which reach ClickHouse at ``clickhouse``.

    Raises DataflixError when they do not come that far within 120 s.
    """
    with ExitStack() as started:
        running = [started.enter_context(_worker(settings, number, clickhouse)) for number in range(count)]
        deadline = time.monotonic() + _PATIENCE
        while not all(worker.has_partitions() for worker in running):
            if time.monotonic() > deadline:
                raise DataflixError(
                    f"The workers did not share the partitions within {_PATIENCE:.0f} s: see `bin/dataflix status`."
                )
            time.sleep(_PAUSE)
        yield running


def drain(running: Sequence["Worker"], events: int) -> Drained:
    """Let ``running`` process ``events`` events that wait for them.

    Counted from the moment that every worker has acknowledged something. Raises DataflixError when a worker ends, or
    nothing moves for 120 s.
    """
    pace = Pace()
    done, moved_at, cpu_from, counted_from = 0, time.monotonic(), 0.0, 0
    while done < events:
        counts = [worker.events() for worker in running]
        if sum(counts) > done:
            moved_at = time.monotonic()
        done = sum(counts)
        if all(counts) or done >= events:
            if not counted_from:
                counted_from, cpu_from = done, sum(worker.cpu_seconds() for worker in running)
            pace.saw(done, time.perf_counter())
        if time.monotonic() - moved_at > _PATIENCE:
            raise DataflixError(f"The workers stand at {done} of {events} events: see `bin/dataflix status`.")
        time.sleep(_PAUSE)
    cpu = sum(worker.cpu_seconds() for worker in running) - cpu_from
    return Drained(pace.per_second, round(cpu / max(1, done - counted_from) * 1e6, 1))


class Worker:
    """A running one."""

    def __init__(self, process: subprocess.Popen[bytes], address: Address) -> None:
        self._process = process
        self._measured = psutil.Process(process.pid)
        self._url = address.url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def events(self) -> int:
        """Events of ratings that it has acknowledged, 0 before it answers."""
        text = self._get("/metrics")
        return round(
            sum(
                sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
                if sample.name == "dataflix_worker_events_total" and sample.labels["table"] == "ratings"
            )
        )

    def has_partitions(self) -> bool:
        """Whether it is healthy: one without partitions is not."""
        return bool(self._get("/health"))

    def _get(self, path: str) -> str:
        """What it answers; nothing when it does not, or is not well."""
        if self._process.poll() is not None:
            raise DataflixError(f"A worker ended with exit code {self._process.returncode}.")
        try:
            with self._opener.open(self._url + path, timeout=5) as reply:
                return str(reply.read().decode())
        except (urllib.error.URLError, TimeoutError):
            return ""

    def cpu_seconds(self) -> float:
        times = self._measured.cpu_times()
        return float(times.user + times.system)


@contextmanager
def _worker(settings: Settings, number: int, clickhouse: Address) -> Iterator[Worker]:
    port = free_port(settings.worker.host)
    # The first one takes the place of the stack's own worker in the consumer group, the others join and leave
    name = (settings.worker_instance_id or "worker") if number == 0 else ""
    own = {
        "DATAFLIX_WORKER_PORT": str(port - settings.port_offset),
        "DATAFLIX_WORKER_INSTANCE_ID": name,
        "DATAFLIX_CLICKHOUSE_HOST": clickhouse.host,
        "DATAFLIX_CLICKHOUSE_PORT": str(clickhouse.port - settings.port_offset),
    }
    log = settings.logs / f"bench-worker-{number}.log"
    with log.open("wb") as output:
        log.chmod(0o600)
        process = subprocess.Popen(
            [sys.executable, "-m", "stream_processors"],
            cwd=PROJECT,
            env=os.environ | own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
        )
    try:
        yield Worker(process, Address(settings.worker.host, port))
    finally:
        process.terminate()
        try:
            process.wait(_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
