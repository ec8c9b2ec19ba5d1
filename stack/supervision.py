"""The supervisor of one home: supervisord as a daemon, spoken to over a Unix socket that only its owner can open."""

import contextlib
import http.client
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import xmlrpc.client
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport
from tenacity import Retrying, retry_if_not_result, stop_after_delay, wait_fixed

from stack.errors import ServiceFailed
from stack.home import MASKING_KEY, OPTIONAL, Home, write_private
from stack.service import ProcessInfo, Service, Tier
from stack.supervisor_config import render

SERVICE_VARIABLE = "DATAFLIX_SERVICE"
"""Set in every process of a home, so that what outlives its supervisor is found again."""
# A Unix socket's path holds 107 bytes, and supervisord first makes it with its process id behind
_SOCKET_PATH_BYTES = 95
_START_SECONDS = 15
_END_SECONDS = 20
_OPEN_FILES = 16_384


class Supervisor:
    """Starts and ends the services of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._folder = home.supervisor
        self._config = self._folder / "supervisord.conf"
        self._socket_record = self._folder / "socket"

    def _socket(self) -> Path:
        if self._socket_record.is_file():
            return Path(self._socket_record.read_text().strip())
        return self._folder / "supervisor.sock"

    def _choose_socket(self) -> Path:
        """In the home, or where its path would be too long, in a private folder that the home remembers."""
        socket = self._folder / "supervisor.sock"
        if len(os.fsencode(socket)) > _SOCKET_PATH_BYTES:
            socket = self._socket()
            if not socket.parent.is_dir() or socket.parent == self._folder:
                socket = Path(tempfile.mkdtemp(prefix="dataflix-")) / "supervisor.sock"
            write_private(self._socket_record, f"{socket}\n")
        return socket

    def _call(self, procedure: str, *arguments: object) -> Any:  # what a procedure returns is its own affair
        transport = SupervisorTransport(None, None, serverurl=f"unix://{self._socket()}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, procedure)(*arguments)

    def is_running(self) -> bool:
        """Whether supervisord answers."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False

    def processes(self) -> dict[str, ProcessInfo]:
        """Every service that the supervisor knows; none when it does not run."""
        try:
            told = self._call("getAllProcessInfo")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return {}
        return {one["name"]: ProcessInfo(one["statename"], one["pid"] or None, one["start"]) for one in told}

    def end_leftovers(self) -> None:
        """End what runs of this home although its supervisor does not."""
        if not self.is_running():
            end_leftovers(self._home.folder)

    def bring_up(self, services: Iterable[Service]) -> None:
        """Have supervisord running with these services declared, none of them started by that.

        A service whose declaration changed is stopped, to be started anew. Raises ServiceFailed.
        """
        declared = list(services)
        open_files = min(_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        text = render(self._home, self._choose_socket(), declared, open_files)
        write_private(self._config, text)
        if self.is_running():
            self._reload(declared)
            return
        self._socket().unlink(missing_ok=True)
        # A service reads these from the home, where they may be others by the time of its next start
        environ = {name: value for name, value in os.environ.items() if name not in (MASKING_KEY, OPTIONAL)}
        environ |= {SERVICE_VARIABLE: "supervisor", "DATAFLIX_HOME": str(self._home.folder)}
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._config)],
            env=environ,
            cwd=self._home.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise ServiceFailed(f"The supervisor did not start: {' '.join(last)}")
        if not _eventually(self.is_running, _START_SECONDS):
            raise ServiceFailed(
                f"The supervisor did not answer within {_START_SECONDS} s: see {self._folder}/supervisord.log."
            )

    def _reload(self, services: Sequence[Service]) -> None:
        [[added, changed, removed]] = self._call("reloadConfig")
        tiers = {service.name: service.tier for service in services}
        # What reads goes before what is read: Connect does not end in order without its broker
        for name in sorted([*changed, *removed], key=lambda name: -tiers.get(name, Tier.APPLICATION)):
            self.stop([name])
            self._call("removeProcessGroup", name)
        for name in [*added, *changed]:
            self._call("addProcessGroup", name)

    def start(self, name: str) -> None:
        """Start a service that does not run. Raises ServiceFailed when its program cannot be started at all."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if not fault.faultString.startswith("ALREADY_STARTED"):
                raise ServiceFailed(
                    f"{name} could not be started ({fault.faultString}): see `bin/dataflix logs {name}`."
                ) from fault

    def stop(self, names: Iterable[str], *, at_once: bool = False) -> None:
        """Stop services at the same time, and wait until they have ended; ``at_once`` gives them no time to finish."""
        wanted = set(names)
        for name in wanted:
            with contextlib.suppress(xmlrpc.client.Fault):  # NOT_RUNNING
                self._call("stopProcess", name, False)
                if at_once:
                    self._call("signalProcess", name, "KILL")

        def ended() -> bool:
            now = self.processes()
            return all(now[name].pid is None for name in wanted if name in now)

        # Each has its own time to end, after which supervisord kills it
        _eventually(ended, 90)
        # One that was killed before has left its children to themselves
        end_leftovers(self._home.folder, wanted)

    def down(self, services: Iterable[Service], *, discard: bool) -> None:
        """Stop everything, what reads before what is read, then the supervisor; end what outlived an earlier one.

        To ``discard`` what they hold, services are not given the time to put it in order.
        """
        if self.is_running():
            ordered = sorted(services, key=lambda service: -service.tier)
            for tier, members in groupby(ordered, key=lambda service: service.tier):
                # PostgreSQL always ends in order: it gives shared memory back
                self.stop([member.name for member in members], at_once=discard and tier is not Tier.DATABASE)
            pid = int(self._call("getPID"))
            self._call("shutdown")
            _eventually(lambda: not psutil.pid_exists(pid), _END_SECONDS)
        end_leftovers(self._home.folder)
        if self._socket_record.is_file():
            shutil.rmtree(self._socket().parent, ignore_errors=True)
            self._socket_record.unlink()


def _eventually(condition: Callable[[], bool], seconds: float) -> bool:
    attempts = Retrying(
        stop=stop_after_delay(seconds),
        wait=wait_fixed(0.05),
        retry=retry_if_not_result(bool),
        retry_error_callback=lambda _: False,
    )
    return bool(attempts(condition))


def leftovers(home: Path, services: Collection[str] | None = None) -> Iterator[psutil.Process]:
    """The processes of ``home`` that run, whoever watches over them: each carries the home in its environment.

    Of these services alone, where some are named.

    PostgreSQL's children write their titles over theirs; they end with the first of its processes, which does not.
    """
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            environ = process.environ()
            service = environ.get(SERVICE_VARIABLE) if environ.get("DATAFLIX_HOME") == str(home) else None
            if service and (services is None or service in services):
                yield process


def end_leftovers(home: Path, services: Collection[str] | None = None) -> None:
    """End what an earlier supervisor, or one of these services, left running: asked first, killed after."""
    found = list(leftovers(home, services))
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            # PostgreSQL: end sessions and finish, rather than wait for them
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, alive = psutil.wait_procs(found, timeout=_END_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
