"""Killing a service, and the time until a change that was committed after the kill is in raw."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psycopg
from clickhouse_connect.driver.exceptions import ClickHouseError

from bench.chaos.places import USERS
from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.errors import DataflixError
from dataflix.settings import Settings
from stack.health import failures
from stack.home import Home
from stack.services import services
from stack.supervision import Supervisor

_PATIENCE = 180.0  # seconds that a service may take to recover
_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Recovery:
    """What one kill cost, in seconds since it."""

    service: str
    answered: float
    """Until the service answered again."""
    moved: float
    """Until raw showed a change that was committed after the kill."""

    @property
    def seconds(self) -> float:
        return max(self.answered, self.moved)


class Killer:
    """Kills services of a running home, and watches them come back. ``witness`` is a user that nobody else touches."""

    def __init__(self, home: Home, witness: int) -> None:
        self._supervisor = Supervisor(home)
        self._services = services(home)
        self._watched = _Witness(home.settings, witness)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._watched.close()

    def running(self) -> list[str]:
        """The services that run, once all of them are well. Raises DataflixError when they are not within 180 s."""
        _wait(self._all_well, "Not every service is well before the first kill", time.monotonic() + _PATIENCE)
        return [name for name, process in self._supervisor.processes().items() if process.is_up]

    def kill(self, name: str) -> Recovery:
        """Kill ``name``, and return once every service is well again.

        Raises DataflixError when that takes longer than 180 s.
        """
        pid = self._supervisor.processes()[name].pid
        if pid is None:
            raise DataflixError(f"{name} does not run: see `bin/dataflix logs {name}`.")
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        deadline = killed + _PATIENCE
        with ThreadPoolExecutor(1) as pool:
            answering = pool.submit(
                _wait, lambda: self._is_back(name, pid), f"{name} did not come back after it was killed", deadline
            )
            _wait(self._watched.is_renewed, f"PostgreSQL took no change after {name} was killed", deadline)
            _wait(self._watched.is_in_raw, f"A change did not reach raw after {name} was killed", deadline)
            moved = time.monotonic() - killed
            answered = answering.result() - killed
        _wait(self._all_well, f"Not every service was well after {name} was killed", deadline)
        return Recovery(name, answered, moved)

    def _is_back(self, name: str, pid: int) -> bool:
        processes = self._supervisor.processes()
        return processes[name].pid not in (pid, None) and not failures([self._services[name]], processes)

    def _all_well(self) -> bool:
        processes = self._supervisor.processes()
        wanted = [
            one for name, one in self._services.items() if name in processes and processes[name].state != "STOPPED"
        ]
        return bool(wanted) and not failures(wanted, processes)


class _Witness:
    """A row that is changed to see the stream move."""

    def __init__(self, settings: Settings, user: int) -> None:
        self._conninfo = settings.postgres_conninfo("dataflix_api", settings.postgres_api_password)
        self._user = user
        self._client = open_clickhouse(settings, ClickHouseUser.VERIFIER)
        self._marker = 0

    def is_renewed(self) -> bool:
        """Whether PostgreSQL took a new change of the row."""
        self._marker += 1
        try:
            with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5) as connection:
                connection.execute(
                    "update users set city = %s where user_id = %s", [USERS.write(self._marker), self._user]
                )
        except psycopg.OperationalError:
            return False
        return True

    def is_in_raw(self) -> bool:
        """Whether raw shows that change."""
        try:
            ((city,),) = self._client.query(
                "select argMax(city, _version) from raw.users where user_id = {user:Int64}",
                parameters={"user": self._user},
            ).result_rows
        except (ClickHouseError, OSError):
            return False
        return bool(city == USERS.write(self._marker))

    def close(self) -> None:
        self._client.close()


def _wait(condition: Callable[[], bool], otherwise: str, deadline: float) -> float:
    """The moment in which ``condition`` was true, by the clock of ``deadline``."""
    while not condition():
        if time.monotonic() > deadline:
            raise DataflixError(f"{otherwise}, for {_PATIENCE:.0f} s: see `bin/dataflix status` and the logs.")
        time.sleep(_PAUSE)
    return time.monotonic()
