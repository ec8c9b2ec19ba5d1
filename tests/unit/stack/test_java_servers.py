"""How the Java servers are started, and the cache that quickens it."""

from pathlib import Path

import pytest

from dataflix.settings import Settings
from stack.home import Home
from stack.servers.java import JavaServer

SERVER = JavaServer(jars="kafka", heap="512m")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(Settings(home=tmp_path, runtime=tmp_path / "runtime"))


def cache_option(home: Home) -> str:
    return (SERVER.folder(home) / "cache.args").read_text().strip()


def test_the_heap_is_bounded_and_the_class_path_is_the_set_of_the_server(home: Home) -> None:
    SERVER.prepare(home)
    options = SERVER.options(home).read_text().splitlines()
    assert "-Xmx512m" in options
    assert f'-cp "{home.runtime}/jars/kafka/*"' in options


def test_the_first_run_records_what_it_loads(home: Home) -> None:
    SERVER.prepare(home)
    assert cache_option(home) == f'-XX:AOTCacheOutput="{home.folder}/kafka/classes.aot"'


def test_a_recording_that_was_cut_off_is_thrown_away_and_made_again(home: Home) -> None:
    SERVER.prepare(home)
    recorded = SERVER.folder(home) / "classes.aot"
    recorded.write_bytes(b"half a cache")
    SERVER.prepare(home)
    assert not recorded.exists()
    assert cache_option(home).startswith("-XX:AOTCacheOutput=")


def test_a_cache_of_the_runtime_is_used_by_every_home(home: Home) -> None:
    cache = SERVER._cache(home)
    cache.parent.mkdir(parents=True)
    cache.touch()
    SERVER.prepare(home)
    assert cache_option(home) == f'-XX:AOTCache="{cache}"'


def test_options_stay_the_same_when_the_cache_appears(home: Home) -> None:
    SERVER.prepare(home)
    before = SERVER.options(home).read_text()
    cache = SERVER._cache(home)
    cache.parent.mkdir(parents=True)
    cache.touch()
    SERVER.prepare(home)
    assert SERVER.options(home).read_text() == before
