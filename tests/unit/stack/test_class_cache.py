"""Which starts of a Java server record the classes that it loads, and which take them from the cache."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from stack.servers.class_cache import option

SUPERVISOR = 41
WHOLE = ("/bin/true",)  # stands for a Java that takes every recording
TORN = ("/bin/false",)  # and for one that takes none


class Server:
    """A server of one home, started again and again."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "runtime" / "kafka.aot"
        self.recording = folder / "classes.aot"

    def start(self, java: Sequence[str] = WHOLE, supervisor: int = SUPERVISOR) -> str:
        return option(java, self.cache, self.recording, supervisor)

    @property
    def records(self) -> str:
        return f"-XX:AOTCacheOutput={self.recording}"

    @property
    def from_cache(self) -> str:
        return f"-XX:AOTCache={self.cache}"


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_the_first_run_records_what_it_loads(server: Server) -> None:
    assert server.start() == server.records


def test_what_a_run_recorded_is_the_cache_of_the_next_one(server: Server) -> None:
    server.start()
    server.recording.write_bytes(b"classes")
    assert server.start() == server.from_cache
    assert server.cache.read_bytes() == b"classes"
    assert not server.recording.exists()


def test_a_server_that_was_killed_while_it_recorded_does_not_record_again(server: Server) -> None:
    server.start()
    assert server.start() == server.start() == "-XX:AOTMode=off"


def test_the_next_supervisor_records_what_the_last_one_did_not_get(server: Server) -> None:
    server.start()
    server.start()
    assert server.start(supervisor=SUPERVISOR + 1) == server.records


def test_a_recording_that_was_cut_off_is_thrown_away(server: Server) -> None:
    server.start()
    server.recording.write_bytes(b"half the classes")
    assert server.start(TORN) == "-XX:AOTMode=off"
    assert not server.recording.exists()
    assert not server.cache.exists()


def test_a_cache_of_another_home_is_used(server: Server) -> None:
    server.cache.parent.mkdir()
    server.cache.touch()
    assert server.start() == server.from_cache
