"""What has to hold before anything is started: ports, memory, disk. Each failure is a sentence that says what to do."""

import contextlib
import errno
import shutil
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

from stack.errors import PreflightFailed
from stack.service import Service

NEEDED_DISK_MB = 1_000
MAX_PORT = 65_535
_CGROUP = Path("/sys/fs/cgroup")


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise PreflightFailed(
                f"Nothing can listen on {host}:{port}: {error.strerror}. Choose another address."
            ) from error
    return True


def check_distinct(services: Iterable[Service]) -> None:
    """Two settings must not name one port. Raises PreflightFailed."""
    taken: dict[int, str] = {}
    for service in services:
        for setting, port in service.ports.items():
            if port > MAX_PORT:
                raise PreflightFailed(
                    f"{_variable(setting)} plus the port offset is {port}: choose a smaller --port-offset."
                )
            if port in taken:
                raise PreflightFailed(
                    f"{_variable(taken[port])} and {_variable(setting)} both lead to port {port}: change one of them."
                )
            taken[port] = setting


def check_ports(services: Iterable[Service]) -> None:
    """Every port of services that do not run yet is free. Raises PreflightFailed naming the port and its setting."""
    for service in services:
        for setting, port in service.ports.items():
            if not is_free(service.address.host, port):
                raise PreflightFailed(
                    f"Port {port} on {service.address.host}, which {service.name} needs, is in use: end what holds it, "
                    f"set {_variable(setting)}, or move all ports with --port-offset N (1000, say)."
                )


def _variable(setting: str) -> str:
    return "DATAFLIX_" + setting.upper()


def free_memory_mb() -> int:
    """What may still be taken: of the machine, and of the control group where that is less."""
    free = psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        cached = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        free = min(free, limit - used + int(cached["inactive_file"]))
    return int(free // 1_000_000)


def check_memory(services: Sequence[Service], free_mb: int) -> None:
    """The services that do not run yet fit into memory. Raises PreflightFailed."""
    needed = sum(service.memory_mb for service in services)
    if free_mb < needed:
        names = ", ".join(service.name for service in services)
        raise PreflightFailed(
            f"Starting {names} takes {needed} MB of memory, and {free_mb} MB are free: end something, or start fewer "
            "with --only."
        )


def check_disk(folder: Path) -> None:
    """There is room for data and logs. Raises PreflightFailed."""
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < NEEDED_DISK_MB:
        raise PreflightFailed(
            f"{folder} has {free} MB of disk free, and a start takes {NEEDED_DISK_MB} MB: make room, or set "
            "DATAFLIX_HOME to a folder on a larger disk."
        )
