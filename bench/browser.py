"""A headless Chromium with one page, driven over its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#method-evaluate
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from dataflix.errors import DataflixError

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
PATIENCE = 60.0  # seconds until the browser answers, or a page is as it should be


class Tab:
    """The page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._asked = 0

    async def evaluate(self, script: str) -> Any:
        """What an expression is, a promise awaited. One at a time. Raises DataflixError when it throws."""
        self._asked += 1
        params = {"expression": script, "awaitPromise": True, "returnByValue": True}
        await self._socket.send_json({"id": self._asked, "method": "Runtime.evaluate", "params": params})
        while (answer := await self._socket.receive_json()).get("id") != self._asked:
            continue
        if "exceptionDetails" in answer.get("result", {}) or "error" in answer:
            raise DataflixError(f"The page does not understand what the benchmark asks of it: {script[:80]}")
        return answer["result"]["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until an expression is true. Raises DataflixError after a minute."""
        not_yet = AsyncRetrying(
            retry=retry_if_result(lambda so: not so), stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.1)
        )
        try:
            await not_yet(self.evaluate, script)
        except RetryError:
            raise DataflixError(f"The page did not come to `{script}` within {PATIENCE:.0f} s.") from None


@asynccontextmanager
async def browser(url: str) -> AsyncIterator[Tab]:
    """A browser without a past that shows ``url``. Raises DataflixError when there is none on PATH."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise DataflixError("No Chromium was found on PATH: install one (Debian: `apt-get install chromium`).")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
            "--window-size=1280,900",
            url,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(await _address(session, Path(profile)), max_msg_size=0) as socket,
            ):
                yield Tab(socket)
        finally:
            process.terminate()
            await process.wait()


async def _address(session: aiohttp.ClientSession, profile: Path) -> str:
    """Where the page's DevTools listen, as soon as the browser says so."""
    not_yet = retry_if_exception_type((OSError, aiohttp.ClientError, LookupError, ValueError))
    async for attempt in AsyncRetrying(
        retry=not_yet, stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.1), reraise=True
    ):
        with attempt:
            port = int((profile / "DevToolsActivePort").read_text().split()[0])
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [one for one in await answer.json() if one["type"] == "page"]
            address: str = pages[0]["webSocketDebuggerUrl"]
    return address
