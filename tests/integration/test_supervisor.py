"""The supervisor with processes that really run: what dies comes back, what outlives its supervisor is ended."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from dataflix.settings import Address, Settings
from stack.errors import ServiceFailed
from stack.home import Home
from stack.progress import Steps
from stack.service import ProcessInfo, Service, Tier, Unhealthy, nothing
from stack.startup import Starter
from stack.supervision import Supervisor, leftovers

WAITS = "import signal; signal.pause()"
# As servers do that start workers of their own: in a group of theirs, a signal to the service does not reach them
STARTS_ANOTHER = (
    f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {WAITS!r}], start_new_session=True); {WAITS}"
)
FAILS = "raise SystemExit(3)"


@pytest.fixture(params=["short", "l" * 90], ids=["short", "long"])
def home(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home, once with a path that is too long for a Unix socket."""
    folder = tmp_path / request.param
    monkeypatch.setenv("DATAFLIX_HOME", str(folder))
    for name in ("supervisor", "logs"):
        (folder / name).mkdir(parents=True)
    home = Home(Settings(home=folder))
    yield home
    Supervisor(home).down([], discard=False)


def a_service(home: Home, name: str = "waits", program: str = WAITS) -> Service:
    return Service(
        name=name,
        summary=name,
        tier=Tier.APPLICATION,
        command=(sys.executable, "-c", program),
        address=Address("127.0.0.1", 1),
        url="",
        check=nothing,
        folder=home.folder,
        memory_mb=10,
    )


def eventually() -> Retrying:
    return Retrying(
        stop=stop_after_delay(20), wait=wait_fixed(0.05), retry=retry_if_exception_type(AssertionError), reraise=True
    )


def running(supervisor: Supervisor, name: str = "waits") -> ProcessInfo:
    for attempt in eventually():
        with attempt:
            info = supervisor.processes()[name]
            assert info.state == "RUNNING"
            assert info.pid
    return info


def test_a_killed_service_comes_back(home: Home) -> None:
    supervisor = Supervisor(home)
    supervisor.bring_up([a_service(home)])
    supervisor.start("waits")
    killed = running(supervisor).pid
    assert killed
    os.kill(killed, signal.SIGKILL)
    for attempt in eventually():
        with attempt:
            assert running(supervisor).pid != killed


def test_what_outlives_its_supervisor_is_found_and_ended(home: Home) -> None:
    supervisor = Supervisor(home)
    supervisor.bring_up([a_service(home)])
    supervisor.start("waits")
    orphan = running(supervisor).pid
    assert orphan
    daemon = int((home.supervisor / "supervisord.pid").read_text())
    os.kill(daemon, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(daemon)] if psutil.pid_exists(daemon) else [], timeout=60)
    assert [process.pid for process in leftovers(home.folder)] == [orphan]
    supervisor.end_leftovers()
    assert not psutil.pid_exists(orphan)


def test_stopped_a_service_leaves_nothing_of_itself_running_also_of_when_it_was_killed(home: Home) -> None:
    supervisor = Supervisor(home)
    supervisor.bring_up([a_service(home, program=STARTS_ANOTHER), a_service(home, "second")])
    supervisor.start("second")
    supervisor.start("waits")
    killed = running(supervisor).pid
    for attempt in eventually():
        with attempt:
            assert len(list(leftovers(home.folder, {"waits"}))) == 2
    assert killed
    os.kill(killed, signal.SIGKILL)
    for attempt in eventually():
        with attempt:
            assert len(list(leftovers(home.folder, {"waits"}))) == 3

    supervisor.stop(["waits"])

    assert list(leftovers(home.folder, {"waits"})) == []
    assert running(supervisor, "second").pid


def test_down_leaves_no_process_and_no_socket(home: Home) -> None:
    supervisor = Supervisor(home)
    services = [a_service(home), a_service(home, "second")]
    supervisor.bring_up(services)
    supervisor.start("waits")
    running(supervisor)
    socket = supervisor._socket()
    assert socket.exists()
    supervisor.down(services, discard=False)
    assert list(leftovers(home.folder)) == []
    assert not socket.exists()
    assert supervisor.processes() == {}


def test_a_service_whose_declaration_changed_is_stopped_for_its_next_start(home: Home) -> None:
    supervisor = Supervisor(home)
    supervisor.bring_up([a_service(home), a_service(home, "second")])
    for name in ("waits", "second"):
        supervisor.start(name)
    untouched = running(supervisor, "second").pid
    supervisor.bring_up([a_service(home, program=WAITS + "  # changed"), a_service(home, "second")])
    assert supervisor.processes()["waits"].pid is None
    assert running(supervisor, "second").pid == untouched


def test_a_service_is_started_anew_only_when_what_it_reads_has_changed(home: Home, tmp_path: Path) -> None:
    configuration = tmp_path / "configuration"
    configuration.write_text("1")
    service = replace(a_service(home), reads=(configuration,))
    supervisor = Supervisor(home)
    supervisor.bring_up([service])
    starter = Starter(home, supervisor, Steps())
    starter.bring_up(service)
    first = running(supervisor).pid
    starter.bring_up(service)
    assert running(supervisor).pid == first
    configuration.write_text("2")
    starter.bring_up(service)
    assert running(supervisor).pid != first


def test_a_service_that_cannot_start_fails_soon_and_names_its_log(home: Home) -> None:
    def never() -> None:
        raise Unhealthy("does not answer")

    failing = replace(a_service(home, "fails", FAILS), check=never)
    supervisor = Supervisor(home)
    supervisor.bring_up([failing])
    with pytest.raises(ServiceFailed, match="fails ended instead of starting: see `bin/dataflix logs fails`"):
        Starter(home, supervisor, Steps()).bring_up(failing)
