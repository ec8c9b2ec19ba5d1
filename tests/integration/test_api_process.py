"""The API as a process of its own, ended in the middle of writes: what it acknowledged is there."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import psycopg
import pytest
from own_stack import Stack
from prometheus_client.parser import text_string_to_metric_families
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from dataflix.settings import PROJECT, Settings

WRITERS = 8
ENOUGH = 60  # writes that were acknowledged before the process is ended


class Api:
    """A process that serves on a free port."""

    def __init__(self, stack: Stack, port: int, log: Path, *options: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api", *options],
                cwd=PROJECT,
                env=stack.environment | {"DATAFLIX_API_PORT": str(port - stack.settings.port_offset)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    async def wait_until_it_answers(self, client: aiohttp.ClientSession) -> None:
        patiently = AsyncRetrying(
            retry=retry_if_exception_type((aiohttp.ClientError, AssertionError)),
            stop=stop_after_delay(60),
            wait=wait_fixed(0.1),
            reraise=True,
        )
        async for attempt in patiently:
            with attempt:
                async with client.get(f"{self.url}/movies") as answer:
                    assert answer.status == 200


@asynccontextmanager
async def serving(
    stack: Stack, port: int, log: Path, *options: str
) -> AsyncIterator[tuple[Api, aiohttp.ClientSession]]:
    api = Api(stack, port, log, *options)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as client:
            await api.wait_until_it_answers(client)
            yield api, client
    finally:
        api.process.kill()
        api.process.wait()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_every_write_that_was_acknowledged_outlives_the_process(
    stack: Stack, source: Settings, tmp_path: Path, unused_tcp_port: int, end: signal.Signals
) -> None:
    acknowledged: list[tuple[int, str]] = []
    enough, mark = asyncio.Event(), secrets.token_hex(6)

    async def sign_up(client: aiohttp.ClientSession, url: str, writer: int) -> None:
        """Sign people up until the process is gone."""
        number = 0
        while True:
            number += 1
            name = f"{mark}_{writer}_{number}"
            try:
                async with client.post(
                    f"{url}/users", json={"username": name, "email": f"{name}@example.net"}
                ) as answer:
                    assert answer.status == 201
                    acknowledged.append(((await answer.json())["user_id"], name))
            except aiohttp.ClientError:
                return
            if len(acknowledged) >= ENOUGH:
                enough.set()

    async with serving(stack, unused_tcp_port, tmp_path / "api.log") as (api, client):
        writers = asyncio.gather(*(sign_up(client, api.url, writer) for writer in range(WRITERS)))
        await asyncio.wait_for(enough.wait(), 60)
        api.process.send_signal(end)
        await asyncio.wait_for(writers, 60)
        code = await asyncio.to_thread(api.process.wait, 60)

    conninfo = source.postgres_conninfo("dataflix_admin", source.postgres_admin_password)
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        rows = await connection.execute(
            "select user_id, username from users where starts_with(username, %s)", [f"{mark}_"]
        )
        written = set(await rows.fetchall())
    assert set(acknowledged) <= written
    if end is signal.SIGTERM:
        # Nothing was cut off: whoever was being answered has the answer, and whoever came later was not let in.
        assert written == set(acknowledged)
        assert code == 0


def processes_of(api: Api) -> dict[int, int]:
    """The processes behind the port: process number by the API's own number."""
    children = psutil.Process(api.process.pid).children()
    return {
        int(line[line.index("process") + 1]): child.pid for child in children if "process" in (line := child.cmdline())
    }


async def processes_that_answer(url: str) -> set[str]:
    """Each request comes over a connection of its own, and so to any of them."""
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as answer:
        exposition = await answer.text()
    told = text_string_to_metric_families(exposition)
    [rows] = [family for family in told if family.name == "process_start_time_seconds"]
    return {sample.labels["process"] for sample in rows.samples}


async def test_of_two_processes_one_may_die_and_the_api_answers_and_is_two_again(
    stack: Stack, source: Settings, kafka: Settings, tmp_path: Path, unused_tcp_port: int
) -> None:
    patiently = AsyncRetrying(stop=stop_after_delay(90), wait=wait_fixed(0.2), reraise=True)
    async with serving(stack, unused_tcp_port, tmp_path / "api.log", "--processes", "2") as (api, _):
        async for attempt in patiently.copy():
            with attempt:
                assert await processes_that_answer(api.url) == {"1", "2"}
        killed = processes_of(api)[1]
        os.kill(killed, signal.SIGKILL)
        async for attempt in patiently.copy():
            with attempt:
                assert await processes_that_answer(api.url) == {"1", "2"}
                assert processes_of(api)[1] != killed
        for _ in range(20):
            async with aiohttp.ClientSession() as another, another.get(f"{api.url}/movies?limit=1") as answer:
                assert answer.status == 200
        left = processes_of(api)
        api.process.kill()
        api.process.wait()
        async for attempt in patiently.copy():
            with attempt:
                assert not any(psutil.pid_exists(pid) for pid in left.values())
