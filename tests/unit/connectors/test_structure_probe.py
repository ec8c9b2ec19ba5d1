from collections.abc import Collection
from datetime import UTC, datetime

import pytest

from connectors.watcher.probe import Level, Observation
from connectors.watcher.structure import Catalogue, StructureProbe
from dataflix import metrics
from dataflix.contracts import Contracts, Table
from dataflix.drift import SourceColumn

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ID, NAME = SourceColumn("id", "bigint", False), SourceColumn("name", "text", True)


def a_table(name: str) -> Table:
    columns = {
        "id": {"type": "bigint", "description": "Number"},
        "name": {"type": "text", "nullable": True, "description": "Name"},
    }
    return Table.model_validate({"table": name, "description": "Of a test.", "key": ["id"], "columns": columns})


CONTRACTS = Contracts(tables=(a_table("actors"), a_table("genres")), version="0")


class MemorySource:
    """A source whose structure a test sets."""

    def __init__(self) -> None:
        self.tables = {"public.actors": (ID, NAME), "public.genres": (ID, NAME)}
        self.noted: set[str] = set()
        self.ordered: list[str] = []

    def catalogue(self) -> Catalogue:
        return Catalogue(NOW, dict(self.tables))

    def read_again(self, stopped: Collection[str]) -> tuple[str, ...]:
        again = tuple(sorted(self.noted - set(stopped)))
        self.noted = set(stopped)
        self.ordered += again
        return again


@pytest.fixture
def source() -> MemorySource:
    return MemorySource()


@pytest.fixture
def probe(source: MemorySource) -> StructureProbe:
    return StructureProbe(source, CONTRACTS)


def stopped(observation: Observation) -> dict[str, float]:
    return {
        reading.labels[0]: reading.value
        for reading in observation.readings
        if reading.metric is metrics.WATCHER_STOPPED_TABLES
    }


async def test_a_source_as_its_contracts_is_well(probe: StructureProbe) -> None:
    observed = await probe.observe()
    assert (observed.level, stopped(observed)) == (Level.OK, {"actors": 0, "genres": 0})
    assert observed.facts == {"as_of": "2026-01-02T03:04:05+00:00", "stopped": ""}


async def test_a_dropped_column_is_an_error_that_stops_its_table_and_no_other(
    source: MemorySource, probe: StructureProbe
) -> None:
    source.tables["public.genres"] = (ID,)
    observed = await probe.observe()
    assert (observed.level, stopped(observed)) == (Level.ERROR, {"actors": 0, "genres": 1})
    assert observed.facts["stopped"] == "genres"
    assert observed.facts["genres.name"] == "dropped"
    assert "The column name of public.genres was dropped" in observed.sentence


async def test_a_column_that_was_added_is_a_warning(source: MemorySource, probe: StructureProbe) -> None:
    source.tables["public.genres"] = (ID, NAME, SourceColumn("shade", "text", True, False))
    observed = await probe.observe()
    assert (observed.level, observed.facts["stopped"], observed.facts["genres.shade"]) == (Level.WARNING, "", "added")


async def test_a_table_is_read_again_once_it_agrees(source: MemorySource, probe: StructureProbe) -> None:
    del source.tables["public.actors"]
    await probe.observe()
    assert source.ordered == []
    source.tables["public.actors"] = (ID, NAME)
    await probe.observe()
    await probe.observe()
    assert source.ordered == ["public.actors"]
