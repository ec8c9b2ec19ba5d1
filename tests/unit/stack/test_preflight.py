"""What is checked before a start, and how it is said."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

from dataflix.settings import Address
from stack import preflight
from stack.errors import PreflightFailed
from stack.service import Service, Tier, nothing


def a_service(name: str = "api", memory_mb: int = 100, **ports: int) -> Service:
    return Service(
        name=name,
        summary="",
        tier=Tier.APPLICATION,
        command=("true",),
        address=Address("127.0.0.1", 1),
        url="",
        check=nothing,
        folder=Path("/"),
        memory_mb=memory_mb,
        ports=ports,
    )


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_named_with_its_setting_and_the_way_out(taken: int) -> None:
    with pytest.raises(PreflightFailed) as failure:
        preflight.check_ports([a_service(api_port=taken)])
    for part in (str(taken), "api", "DATAFLIX_API_PORT", "--port-offset N"):
        assert part in str(failure.value)


def test_a_free_port_passes(taken: int) -> None:
    free = unused_port()
    preflight.check_ports([a_service(api_port=free)])
    assert preflight.is_free("127.0.0.1", free)
    assert not preflight.is_free("127.0.0.1", taken)


def test_a_host_that_is_not_of_this_machine_is_a_sentence() -> None:
    with pytest.raises(PreflightFailed, match=r"Nothing can listen on 192\.0\.2\.1:80"):
        preflight.is_free("192.0.2.1", 80)


def test_two_settings_that_lead_to_one_port_are_both_named() -> None:
    with pytest.raises(PreflightFailed, match="DATAFLIX_API_PORT and DATAFLIX_WORKER_PORT both lead to port 5002"):
        preflight.check_distinct([a_service(api_port=5002), a_service("worker", worker_port=5002)])


def test_a_port_beyond_the_range_is_refused() -> None:
    with pytest.raises(PreflightFailed, match="choose a smaller --port-offset"):
        preflight.check_distinct([a_service(s3_port=65_536)])


def test_too_little_memory_says_how_much_and_what_to_do() -> None:
    wanted = [a_service(memory_mb=300), a_service("kafka", memory_mb=400)]
    preflight.check_memory(wanted, 700)
    with pytest.raises(
        PreflightFailed, match=r"Starting api, kafka takes 700 MB of memory, and 699 MB are free: .*--only"
    ):
        preflight.check_memory(wanted, 699)


def test_the_memory_of_a_control_group_counts_where_it_is_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "_CGROUP", tmp_path)
    of_the_machine = preflight.free_memory_mb()
    assert of_the_machine > 0
    (tmp_path / "memory.max").write_text("400000000\n")
    (tmp_path / "memory.current").write_text("350000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 10000000\n")
    assert preflight.free_memory_mb() == 60
    (tmp_path / "memory.max").write_text("max\n")
    assert preflight.free_memory_mb() > 60


def test_too_little_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preflight.check_disk(tmp_path)
    monkeypatch.setattr(preflight, "NEEDED_DISK_MB", 10**12)
    with pytest.raises(PreflightFailed, match="make room, or set DATAFLIX_HOME"):
        preflight.check_disk(tmp_path)
