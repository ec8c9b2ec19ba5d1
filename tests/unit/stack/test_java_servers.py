"""How the Java servers are started."""

from pathlib import Path

import pytest

from dataflix.settings import Settings
from stack.home import Home
from stack.servers.java import JavaServer

SERVER = JavaServer(jars="kafka", heap="512m")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(Settings(home=tmp_path, runtime=tmp_path / "runtime"))


def test_the_heap_is_bounded_and_the_class_path_is_the_set_of_the_server(home: Home) -> None:
    SERVER.prepare(home)
    options = SERVER.options(home).read_text().splitlines()
    assert "-Xmx512m" in options
    assert f'-cp "{home.runtime}/jars/kafka/*"' in options


def test_a_server_is_run_from_the_cache_of_its_jars(home: Home) -> None:
    command = [str(part) for part in SERVER.command(home, "kafka.Kafka", "server.properties")]
    assert command[1:3] == ["-m", "stack.servers.class_cache"]
    assert str(SERVER.cache(home)) in command
    assert f"@{SERVER.options(home)}" in command
    assert command[-2:] == ["kafka.Kafka", "server.properties"]


def test_options_stay_the_same_when_the_cache_appears(home: Home) -> None:
    SERVER.prepare(home)
    before = SERVER.options(home).read_text()
    cache = SERVER.cache(home)
    cache.parent.mkdir(parents=True)
    cache.touch()
    SERVER.prepare(home)
    assert SERVER.options(home).read_text() == before
