"""Talking to Kafka Connect: what passes is waited for, what does not is a sentence."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.connect import Connect, ConnectorStatus, session
from connectors.errors import ConnectorFailed
from dataflix.errors import SourceUnavailable
from dataflix.settings import Settings

CONFIG = {"slot.name": "dataflix"}


@dataclass
class FakeConnect:
    """Connect as the test scripts it: the status of each further call, the configuration it was given."""

    states: list[str] = field(default_factory=lambda: ["RUNNING"])
    config: dict[str, str] | None = None
    not_ready: int = 0
    refuses: bool = False
    restarts: int = 0

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._readiness])
        app.router.add_get("/connectors/dataflix/config", self._get_config)
        app.router.add_put("/connectors/dataflix/config", self._put_config)
        app.router.add_get("/connectors/dataflix/status", self._get_status)
        app.router.add_get("/connectors/dataflix/tasks", self._get_tasks)
        app.router.add_post("/connectors/dataflix/restart", self._restart)
        return app

    @web.middleware
    async def _readiness(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if self.not_ready:
            self.not_ready -= 1
            return web.json_response({"error_code": 409, "message": "rebalancing"}, status=409)
        return await handler(request)

    async def _get_config(self, _request: web.Request) -> web.Response:
        if self.config is None:
            return web.json_response({"error_code": 404}, status=404)
        return web.json_response(self.config | {"name": "dataflix"})

    async def _put_config(self, request: web.Request) -> web.Response:
        if self.refuses:
            return web.json_response({"error_code": 400, "message": "slot.name is\nnot usable"}, status=400)
        self.config = await request.json()
        return web.json_response({}, status=201)

    async def _get_status(self, _request: web.Request) -> web.Response:
        if self.config is None:
            return web.json_response({"error_code": 404}, status=404)
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return web.json_response({"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": state}]})

    async def _get_tasks(self, _request: web.Request) -> web.Response:
        return web.json_response([{"id": {"task": 0}, "config": self.config}])

    async def _restart(self, _request: web.Request) -> web.Response:
        self.restarts += 1
        return web.Response(status=204)


@pytest.fixture
def fake() -> FakeConnect:
    return FakeConnect()


@pytest.fixture
async def connect(fake: FakeConnect) -> AsyncIterator[Connect]:
    async with TestServer(fake.app()) as server, session() as http:
        yield Connect(http, Settings(connect_port=server.port), "dataflix", wait_s=2)


async def test_an_unknown_connector_has_neither_configuration_nor_status(connect: Connect) -> None:
    assert await connect.config() is None
    assert await connect.status() is None


async def test_the_configuration_comes_back_as_it_was_given(connect: Connect) -> None:
    await connect.put(CONFIG)
    assert await connect.config() == CONFIG


async def test_a_rebalance_is_waited_for(connect: Connect, fake: FakeConnect) -> None:
    fake.not_ready = 3
    await connect.put(CONFIG)
    assert fake.config == CONFIG


async def test_a_connect_that_never_gets_ready_is_a_sentence(connect: Connect, fake: FakeConnect) -> None:
    fake.not_ready = 10_000
    with pytest.raises(SourceUnavailable, match=r"is not ready after 2 s \(it answered 409\)"):
        await connect.config()


async def test_a_refusal_says_why(connect: Connect, fake: FakeConnect) -> None:
    fake.refuses = True
    with pytest.raises(ConnectorFailed, match=r"slot\.name is not usable\. `python -m"):
        await connect.put(CONFIG)


async def test_a_failed_task_is_restarted(connect: Connect, fake: FakeConnect) -> None:
    fake.states = ["FAILED", "RUNNING"]
    await connect.put(CONFIG)
    await connect.wait_until_running(CONFIG)
    assert fake.restarts == 1


async def test_a_task_that_fails_again_names_the_log(connect: Connect, fake: FakeConnect) -> None:
    fake.states = ["FAILED"]
    await connect.put(CONFIG)
    with pytest.raises(ConnectorFailed, match=r"failed again after a restart .*connect\.log"):
        await connect.wait_until_running(CONFIG)


async def test_a_task_of_the_configuration_before_does_not_count_as_running(connect: Connect) -> None:
    await connect.put(CONFIG)
    with pytest.raises(ConnectorFailed, match="does not run after 1 s"):
        await connect.wait_until_running({"slot.name": "another"}, limit_s=1)


@pytest.mark.parametrize(
    ("status", "runs"),
    [
        (ConnectorStatus("RUNNING", ("RUNNING",)), True),
        (ConnectorStatus("RUNNING", ()), False),
        (ConnectorStatus("RUNNING", ("RUNNING", "FAILED")), False),
        (ConnectorStatus("UNASSIGNED", ("RUNNING",)), False),
    ],
)
def test_a_connector_runs_when_it_and_all_its_tasks_do(status: ConnectorStatus, runs: bool) -> None:
    assert status.running is runs
