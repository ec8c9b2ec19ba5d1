"""One suite over every raw sink: what is stored, what is stored once, which row wins."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import orjson
import pytest
from screenings import RawScreenings

from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.contracts import Table
from dataflix.errors import SourceUnavailable
from dataflix.settings import Settings
from stream_processors.raw_sink import ClickHouseSink, MemorySink, RawSink


def a_row(number: int, *, version: int = 1, deleted: bool = False, **columns: Any) -> bytes:
    """A masked event as the worker writes it."""
    key = {"venue": "Roxy", "number": number}
    values = {} if deleted else {"seats": 240, "sold_out": False, "opened": "2026-01-02T03:04:05.123456Z"} | columns
    return orjson.dumps(
        {
            **key,
            **values,
            "_version": str((1 << 64) + version),
            "_deleted": int(deleted),
            "_op": "d" if deleted else "c",
            "_commit_lsn": 1_000,
            "_txid": None,
            "_committed_at": "2026-01-02T03:04:05.123456Z",
            "_topic": "cdc.public.screenings",
            "_partition": 0,
            "_offset": 41,
        }
    )


class Stored(Protocol):
    """A sink and a look at what it holds."""

    sink: RawSink
    table: Table

    def seats(self) -> dict[int, int]:
        """Seats by number, of the rows that are there."""

    def count(self) -> int:
        """All rows, older versions and deleted ones included."""


class InMemory:
    def __init__(self, table: Table) -> None:
        self.table = table
        self.sink = MemorySink()

    def seats(self) -> dict[int, int]:
        return {row["number"]: row["seats"] for row in self.sink.final(self.table).values()}

    def count(self) -> int:
        return len(self.sink.rows[self.table.name])


class InClickHouse:
    def __init__(self, screenings: RawScreenings) -> None:
        self._screenings = screenings
        self.table = screenings.table
        self.sink = ClickHouseSink(lambda: open_clickhouse(screenings.settings, ClickHouseUser.WORKER))

    def seats(self) -> dict[int, int]:
        return dict(self._screenings.final("number", "seats"))

    def count(self) -> int:
        ((count,),) = self._screenings.query("SELECT count() FROM {raw}")
        return int(count)


@pytest.fixture
def screenings(clickhouse: Settings, tmp_path: Path) -> Iterator[RawScreenings]:
    made = RawScreenings(clickhouse, tmp_path / "contracts")
    made.apply()
    yield made
    made.drop()


@pytest.fixture
def in_clickhouse(screenings: RawScreenings) -> Iterator[InClickHouse]:
    stored = InClickHouse(screenings)
    yield stored
    stored.sink.close()


@pytest.fixture(params=["memory", "clickhouse"])
def stored(request: pytest.FixtureRequest) -> Stored:
    in_clickhouse: InClickHouse = request.getfixturevalue("in_clickhouse")
    return in_clickhouse if request.param == "clickhouse" else InMemory(in_clickhouse.table)


async def test_rows_are_there_after_the_insert(stored: Stored) -> None:
    await stored.sink.insert(stored.table, [a_row(1, seats=10), a_row(2, seats=20)], "token")
    assert stored.seats() == {1: 10, 2: 20}


async def test_the_same_token_stores_its_rows_once(stored: Stored) -> None:
    for _ in range(3):
        await stored.sink.insert(stored.table, [a_row(1), a_row(2)], "token")
    assert stored.count() == 2


async def test_other_tokens_store_the_same_rows_again_and_the_row_is_there_once(stored: Stored) -> None:
    for token in ("0:1-2", "0:1-3"):
        await stored.sink.insert(stored.table, [a_row(1, seats=10)], token)
    assert stored.seats() == {1: 10}


async def test_the_highest_version_wins_whatever_comes_last(stored: Stored) -> None:
    await stored.sink.insert(stored.table, [a_row(1, version=3, seats=30), a_row(1, version=1, seats=10)], "first")
    await stored.sink.insert(stored.table, [a_row(1, version=2, seats=20)], "second")
    assert stored.seats() == {1: 30}


async def test_a_deleted_row_is_gone_and_a_late_stale_one_does_not_bring_it_back(stored: Stored) -> None:
    await stored.sink.insert(stored.table, [a_row(1, version=1)], "first")
    await stored.sink.insert(stored.table, [a_row(1, version=3, deleted=True)], "second")
    assert stored.seats() == {}
    await stored.sink.insert(stored.table, [a_row(1, version=2)], "late")
    assert stored.seats() == {}


async def test_the_newest_version_of_a_row_is_known_also_when_it_is_deleted(stored: Stored) -> None:
    await stored.sink.insert(stored.table, [a_row(1, version=2), a_row(2, version=5)], "first")
    await stored.sink.insert(stored.table, [a_row(1, version=3, deleted=True), a_row(1, version=1)], "second")
    assert await stored.sink.newest_version(stored.table, ("Roxy", 1)) == (1 << 64) + 3
    assert await stored.sink.newest_version(stored.table, ("Roxy", 2)) == (1 << 64) + 5
    assert await stored.sink.newest_version(stored.table, ("It's \\ \n elsewhere", 1)) == 0


async def test_a_row_that_is_inserted_anew_after_its_delete_is_there(stored: Stored) -> None:
    await stored.sink.insert(stored.table, [a_row(1, version=3, deleted=True)], "first")
    await stored.sink.insert(stored.table, [a_row(1, version=4, seats=44)], "second")
    assert stored.seats() == {1: 44}


@pytest.mark.parametrize(
    "row",
    [
        a_row(1, unnamed="unmistakable"),
        a_row(1, seats="unmistakable"),
        b'{"venue": "unmistakable',
    ],
    ids=["unknown column", "wrong type", "broken"],
)
async def test_a_row_that_raw_cannot_hold_is_refused_whole_and_untold(in_clickhouse: InClickHouse, row: bytes) -> None:
    with pytest.raises(SourceUnavailable) as refused:
        await in_clickhouse.sink.insert(in_clickhouse.table, [a_row(2), row], "token")
    assert "nmistakable" not in str(refused.value)
    assert in_clickhouse.table.name in str(refused.value)
    assert in_clickhouse.count() == 0


async def test_a_server_that_is_away_is_told_as_such(screenings: RawScreenings) -> None:
    away = screenings.settings.model_copy(update={"clickhouse_port": 1 - screenings.settings.port_offset})
    sink = ClickHouseSink(lambda: open_clickhouse(away, ClickHouseUser.WORKER))
    with pytest.raises(SourceUnavailable, match="ClickHouse"):
        await sink.insert(screenings.table, [a_row(1)], "token")
