"""Kafka Connect's REST interface, as far as one connector needs it.

Connect answers before it takes connectors, and refuses with 409 while its workers rebalance: both pass, so every
request is repeated until ``wait_s`` seconds are over.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
import tenacity

from connectors.errors import ConnectorFailed
from dataflix.errors import SourceUnavailable
from dataflix.settings import Settings

WAIT_S = 60.0
RUNNING_S = 60.0
_PAUSE_S = 0.2
_REQUEST_TIMEOUT_S = 30.0  # Connect itself gives up after this
_RUNNING = "RUNNING"
_FAILED = "FAILED"
_STOPPED = "STOPPED"
_REFUSAL_CHARACTERS = 500
_JSON = {"Content-Type": "application/json"}  # without a body too: Connect refuses any other

T = TypeVar("T")


class _NotYet(Exception):
    """Connect is not ready for the request, or the connector is on its way."""


@dataclass(frozen=True, slots=True)
class ConnectorStatus:
    """The states of a connector and its tasks, in Connect's words."""

    connector: str
    tasks: tuple[str, ...]

    @property
    def running(self) -> bool:
        """Whether the connector runs, and at least one task, and all of them."""
        return bool(self.tasks) and {self.connector, *self.tasks} == {_RUNNING}

    @property
    def failed(self) -> bool:
        return _FAILED in {self.connector, *self.tasks}

    def __str__(self) -> str:
        return f"connector {self.connector}, {'task ' + ', '.join(self.tasks) if self.tasks else 'no task'}"


@dataclass(frozen=True, slots=True)
class Place:
    """How far the connector has read, as Connect has stored it."""

    position: int  # bytes of the source's log
    in_snapshot: bool  # whether the first snapshot is still being read

    @classmethod
    def of(cls, offset: dict[str, Any]) -> "Place":
        """From the offset of Debezium's connector."""
        told = [offset[name] for name in ("lsn", "lsn_proc", "lsn_commit") if offset.get(name) is not None]
        return cls(max(map(int, told), default=0), bool(offset.get("snapshot")))


class Connect:
    """One connector of one Connect cluster. Raises SourceUnavailable where Connect does not answer in time."""

    def __init__(
        self, session: aiohttp.ClientSession, settings: Settings, name: str, *, wait_s: float = WAIT_S
    ) -> None:
        self._session = session
        self._settings = settings
        self._path = f"/connectors/{name}"
        self._name = name
        self._wait_s = wait_s

    async def config(self) -> dict[str, str] | None:
        """The configuration that Connect holds, None when it does not know the connector."""
        config: dict[str, str] | None = await self._request("GET", f"{self._path}/config")
        return config and {key: value for key, value in config.items() if key != "name"}

    async def put(self, config: dict[str, str]) -> None:
        """Create or change the connector. Raises ConnectorFailed when Connect refuses the configuration."""
        await self._request("PUT", f"{self._path}/config", config)

    async def status(self) -> ConnectorStatus | None:
        """None when Connect does not know the connector, or not yet."""
        answer = await self._request("GET", f"{self._path}/status")
        if answer is None:
            return None
        return ConnectorStatus(answer["connector"]["state"], tuple(task["state"] for task in answer["tasks"]))

    async def restart_failed(self) -> None:
        """Restart the connector and those of its tasks that failed."""
        await self._request("POST", f"{self._path}/restart?includeTasks=true&onlyFailed=true")

    async def restart(self) -> None:
        """Restart the connector and its tasks, whether they failed or not."""
        await self._request("POST", f"{self._path}/restart?includeTasks=true")

    async def place(self) -> Place | None:
        """None when nothing was read yet."""
        answer = await self._request("GET", f"{self._path}/offsets") or {"offsets": []}
        return next((Place.of(entry["offset"]) for entry in answer["offsets"] if entry["offset"]), None)

    async def create_stopped(self, config: dict[str, str]) -> None:
        """Create the connector without starting it. Raises ConnectorFailed when Connect refuses the configuration."""
        body = {"name": self._name, "config": config, "initial_state": _STOPPED}
        await self._request("POST", "/connectors", body)

    async def stop(self) -> None:
        """End the connector's tasks; it stays known."""
        await self._request("PUT", f"{self._path}/stop")

    async def resume(self) -> None:
        """Start a connector that was stopped."""
        await self._request("PUT", f"{self._path}/resume")

    async def forget_place(self) -> None:
        """Delete how far was read, once the connector has stopped. Raises ConnectorFailed when it does not stop."""

        async def forget() -> None:
            status = await self.status()
            if status is None or status.connector != _STOPPED or status.tasks:
                raise _NotYet(str(status or "unknown to Connect"))
            try:
                await self._request("DELETE", f"{self._path}/offsets")
            except ConnectorFailed:  # the state that it shows is ahead of the one that it checks
                raise _NotYet("its offsets cannot be deleted yet") from None

        try:
            await _repeat(forget, RUNNING_S)
        except _NotYet as last:
            raise ConnectorFailed(
                f"The connector {self._name!r} has not stopped after {RUNNING_S:g} s ({last}): the reason stands in "
                f"{self._settings.logs / 'connect.log'}."
            ) from None

    async def wait_until_running(self, config: dict[str, str], *, limit_s: float = RUNNING_S) -> None:
        """Wait until every task runs with ``config``; what failed is restarted once.

        Raises ConnectorFailed when it fails again or does not run after ``limit_s`` seconds. Connect's own trace can
        quote a row, so the message names the log.
        """
        restarted = False

        async def running() -> None:
            nonlocal restarted
            status = await self.status()
            if status and status.failed:
                if restarted:
                    raise ConnectorFailed(self._does_not_run(f"failed again after a restart ({status})"))
                restarted = True
                await self.restart_failed()
            if not status or not status.running or not await self._tasks_have(config):
                raise _NotYet(str(status or "unknown to Connect"))

        try:
            await _repeat(running, limit_s)
        except _NotYet as last:
            raise ConnectorFailed(self._does_not_run(f"does not run after {limit_s:g} s ({last})")) from None

    async def _tasks_have(self, config: dict[str, str]) -> bool:
        """Whether the tasks were made from ``config``: after a change, the old ones still say RUNNING for a while."""
        tasks = await self._request("GET", f"{self._path}/tasks") or []
        return all(task["config"].get(key) == value for task in tasks for key, value in config.items())

    def _does_not_run(self, what: str) -> str:
        return f"The connector {self._name!r} {what}: the reason stands in {self._settings.logs / 'connect.log'}."

    async def _request(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer, None for 404 and for an empty one."""

        async def once() -> Any:
            try:
                async with self._session.request(
                    method, self._settings.connect.url + path, json=body, headers=_JSON
                ) as response:
                    if response.status == HTTPStatus.NOT_FOUND:
                        return None
                    if response.status == HTTPStatus.CONFLICT or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                        raise _NotYet(f"it answered {response.status}")
                    if response.status >= HTTPStatus.BAD_REQUEST:
                        # a refusal is about the configuration, in which there is no secret and no row
                        reason = " ".join(str((await response.json())["message"]).split())[:_REFUSAL_CHARACTERS]
                        raise ConnectorFailed(
                            f"Connect refuses the connector {self._name!r} ({response.status}): {reason}. "
                            "`python -m connectors show` prints what it was sent."
                        )
                    return await response.json() if response.content_type == "application/json" else None
            except (aiohttp.ClientError, TimeoutError) as error:
                raise _NotYet(type(error).__name__) from error

        try:
            return await _repeat(once, self._wait_s)
        except _NotYet as last:
            raise SourceUnavailable(
                f"Kafka Connect at {self._settings.connect} is not ready after {self._wait_s:g} s ({last}): "
                f"see {self._settings.logs / 'connect.log'}."
            ) from None


def session() -> aiohttp.ClientSession:
    """A client session with the time limit of one request."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_REQUEST_TIMEOUT_S))


async def _repeat(call: Callable[[], Awaitable[T]], limit_s: float) -> T:
    """Call until it no longer raises _NotYet, or, raising the last one, until ``limit_s`` seconds are over."""
    async for attempt in tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(_NotYet),
        stop=tenacity.stop_after_delay(limit_s),
        wait=tenacity.wait_fixed(_PAUSE_S),
        reraise=True,
    ):
        with attempt:
            return await call()
    raise AssertionError("tenacity either returns or raises")
