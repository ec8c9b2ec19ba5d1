"""Headless Chromium for tests: Debian's own, driven by Selenium. Nothing is downloaded by a test tool.

``with open_browser(folder) as driver: ...`` gives a browser without a past. Where Debian's packages are missing they
are installed when that can be done (root and apt-get); else the test is skipped, and the reason says why.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

PACKAGES = ("chromium", "chromium-driver")
INSTALLING = 600  # seconds
# Without a sandbox because tests run as root in containers; the rest keeps it from calling home.
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-search-engine-choice-screen",
)


@dataclass(frozen=True)
class Chromium:
    """Where the browser and its driver are."""

    browser: str
    driver: str


@contextmanager
def open_browser(
    folder: Path, *, size: tuple[int, int] = (1280, 900), arguments: Sequence[str] = ()
) -> Iterator[webdriver.Chrome]:
    """A browser whose profile lies in ``folder``, closed at the end. Skips the test where there is none."""
    chromium = find_chromium()
    profile = folder / f"chromium-{len(list(folder.glob('chromium-*')))}"
    options = Options()
    options.binary_location = chromium.browser
    for argument in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}", *arguments):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromium.driver))
    try:
        yield driver
    finally:
        driver.quit()


def find_chromium() -> Chromium:
    """The browser of this machine, installed when need be. Skips the test where there is none and none can be had."""
    found = _found_or_installed()
    if isinstance(found, str):
        pytest.skip(f"no chromium here, and {found}")
    return found


@cache
def _found_or_installed() -> Chromium | str:
    """The browser, or why there is none."""
    if found := _installed():
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"it takes root and apt-get to install {' and '.join(PACKAGES)}"
    with (Path(tempfile.gettempdir()) / "dataflix-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # apt-get of another process of this run would refuse to wait
        return _installed() or _install()


def _install() -> Chromium | str:
    """The browser once it is installed, or why it is not."""
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        try:
            finished = subprocess.run(
                ["apt-get", "-qq", *command],  # noqa: S607
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                text=True,
                timeout=INSTALLING,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"apt-get {command[0]} took more than {INSTALLING} seconds"
        if finished.returncode != 0:
            said = (finished.stderr.strip().splitlines() or ["nothing"])[-1]
            return f"apt-get {command[0]} failed: {said}"
    return _installed() or f"apt-get installed {' and '.join(PACKAGES)} without bringing it"


def _installed() -> Chromium | None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    return Chromium(browser, driver) if browser and driver else None
