"""What is opened at start, what happens when it cannot be, and when it fails later."""

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from api.app import create_app, running
from dataflix.errors import ContractViolation
from dataflix.settings import PROJECT, Settings


def start(home: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    variables = {f"DATAFLIX_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "api"],
        cwd=PROJECT,
        env=variables | {"DATAFLIX_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_contracts_that_are_not_there_are_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(ContractViolation):
        create_app(Settings(contracts=tmp_path))


def test_a_start_that_cannot_be_says_why_in_a_sentence(tmp_path: Path) -> None:
    refused = start(tmp_path, contracts=tmp_path)
    assert refused.returncode == 2
    assert "DATAFLIX_CONTRACTS" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_port_in_use_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = start(tmp_path, api_port=port)
    assert refused.returncode == 1
    for part in (str(port), "DATAFLIX_API_PORT", "--port-offset"):
        assert part in refused.stderr
    assert "Traceback" not in refused.stderr


async def test_background_work_that_fails_takes_the_process_down_and_not_only_itself() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)

    async def fail() -> None:
        raise LookupError

    try:
        with pytest.raises(LookupError):
            async with running(fail(), "work"):
                await asyncio.wait_for(stopped.wait(), 60)
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
    assert stopped.is_set()


async def test_background_work_ends_with_its_block() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with running(work(), "work"):
        await began.wait()
    assert ended.is_set()
