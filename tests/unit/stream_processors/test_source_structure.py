from typing import Any

import pytest
from aiohttp.test_utils import unused_port

from dataflix.settings import Address
from stream_processors.source_structure import StructureReading, WatcherStructure, reading_of


def told(**facts: str) -> dict[str, Any]:
    return {"probes": {"structure": {"facts": facts}}}


def test_the_tables_that_wait_and_the_moment_are_read() -> None:
    status = told(as_of="2026-01-02T03:04:05.500000+00:00", stopped="movies,ratings", **{"movies.title": "dropped"})
    assert reading_of(status) == StructureReading(1_767_323_045.5, frozenset({"movies", "ratings"}))
    assert reading_of(told(as_of="1970-01-01T00:00:01+00:00", stopped="")) == StructureReading(1.0, frozenset())


@pytest.mark.parametrize("status", [None, [], {}, {"probes": {}}, told(), told(as_of="soon", stopped="")])
def test_a_watcher_that_has_not_read_the_source_says_nothing(status: Any) -> None:
    assert reading_of(status) is None


async def test_a_watcher_that_is_away_says_nothing() -> None:
    structure = WatcherStructure(Address("127.0.0.1", unused_port()))
    assert await structure.read() is None
    await structure.close()
