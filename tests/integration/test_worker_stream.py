"""The worker between a real broker and a real ClickHouse: what is written to a private topic arrives, masked."""

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from gate import Gate
from running_worker import StartWorker
from screenings import Screenings, a_screening, patiently

from dataflix.masking import mask_hash

MANY = 30_000


def every_number_is_there(screenings: Screenings, count: int, seconds: float = 60) -> None:
    @patiently(seconds)
    def check() -> None:
        ((found, seats),) = screenings.query("SELECT count(), sum(seats) FROM {raw} FINAL")
        assert (found, seats) == (count, sum(range(count)))

    check()


def write_many(screenings: Screenings, first: int, end: int) -> None:
    for number in range(first, end):
        venue, at = divmod(number, 1_000)
        screenings.write(a_screening(at, venue=f"v{venue}", seats=number))
    screenings.flush()


def test_snapshot_insert_update_and_delete_arrive(screenings: Screenings, start_worker: StartWorker) -> None:
    start_worker()
    screenings.write(a_screening(1, seats=10), op="r", commit=None)
    screenings.write(a_screening(2, seats=20), op="r", commit=None)
    screenings.write(a_screening(3, seats=30))
    screenings.write(a_screening(1, seats=11), op="u")
    screenings.write(a_screening(2), op="d")
    screenings.write_bytes(None, screenings.key(a_screening(2)))
    screenings.flush()

    @patiently()
    def arrived() -> None:
        assert screenings.final("number", "seats", "_op") == [(1, 11, "u"), (3, 30, "c")]
        masked = screenings.newest_masked()
        assert {key: event and event["seats"] for key, event in masked.items()} == {
            b'{"venue":"Roxy","number":1}': 11,
            b'{"venue":"Roxy","number":2}': None,
            b'{"venue":"Roxy","number":3}': 30,
        }

    arrived()
    tombstones = [key for key, value in screenings.messages(screenings.table.masked_topic) if value is None]
    assert tombstones == [b'{"venue":"Roxy","number":2}']


def test_every_type_arrives_by_value_and_personal_values_only_masked(
    screenings: Screenings, start_worker: StartWorker
) -> None:
    worker = start_worker(masking_key="a masking key")
    screenings.write(
        a_screening(
            32_767,
            venue='Kino 🎬 "Süd" \\ \n\t',
            seats=-(2**31),
            watchers=2**63 - 1,
            price="-99999999.99",
            share=f"{'9' * 38}.{'9' * 38}",
            rain="Infinity",
            sold_out=True,
            day=-25_567,
            starts=-2_208_988_800_000_000,
            opened="2299-12-31T23:59:59.999999Z",
            ticket="0b9ba4ad-64d7-4a4e-9fcd-3d7e8ae7bdbd",
        )
    )
    screenings.flush()

    @patiently()
    def arrived() -> None:
        columns = [column.name for column in screenings.table.columns]
        assert screenings.final(*columns) == [
            (
                'Kino 🎬 "Süd" \\ \n\t',
                32_767,
                -(2**31),
                2**63 - 1,
                Decimal("-99999999.99"),
                Decimal(f"{'9' * 38}.{'9' * 38}"),
                float("inf"),
                True,
                date(1900, 1, 1),
                datetime(1900, 1, 1, tzinfo=UTC),
                datetime(2299, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
                UUID("0b9ba4ad-64d7-4a4e-9fcd-3d7e8ae7bdbd"),
                "U" + "*" * 17,
                mask_hash("unmistakable@example.org", b"a masking key"),
            )
        ]

    arrived()
    everything = b"".join(value or b"" for _, value in screenings.messages(screenings.table.masked_topic))
    assert worker.stop() == 0
    assert b"nmistakable" not in everything + worker.log.read_bytes()


def test_changes_of_a_row_may_come_in_any_order(screenings: Screenings, start_worker: StartWorker) -> None:
    worker = start_worker()
    changes: list[dict[str, Any]] = [
        {"op": "c", "commit": 1_000, "lsn": 1_100},
        {"op": "d", "commit": 2_000, "lsn": 2_100},
        {"op": "r", "commit": 2_000, "lsn": 2_900},  # a snapshot that read the row before the delete was committed
    ]
    for number, order in enumerate(itertools.permutations(changes)):
        for change in order:
            screenings.write(a_screening(number), **change)
    screenings.flush()

    @patiently()
    def delivered() -> None:
        assert worker.metric("dataflix_worker_events_total") == 6 * len(changes)

    delivered()
    assert screenings.final("number") == []
    assert set(screenings.newest_masked().values()) == {None}


def test_an_event_that_cannot_be_read_is_set_aside_and_blocks_nothing(
    screenings: Screenings, start_worker: StartWorker
) -> None:
    worker = start_worker()
    key = screenings.key(a_screening(1))
    screenings.write(a_screening(1))
    screenings.write_bytes(b'{"before": "Unmistakable Guest', key)
    screenings.write(a_screening(1, seats="unmistakable"))
    screenings.write(a_screening(1), op="t")
    screenings.write(a_screening(1, guest="__debezium_unavailable_value"))
    screenings.write(a_screening(1, seats=241), op="u")
    screenings.flush()

    @patiently()
    def arrived() -> None:
        assert screenings.final("number", "seats") == [(1, 241)]
        letters = screenings.dead_letters()
        assert sorted(letter["kind"] for letter in letters) == [
            "UnavailableValue",
            "UnfitValue",
            "UnknownOperation",
            "UnreadableEvent",
        ]
        assert len({(letter["partition"], letter["offset"]) for letter in letters}) == 4
        assert "nmistakable" not in repr(letters)

    arrived()
    name = screenings.table.name
    assert f'dataflix_worker_dead_letters_total{{kind="UnfitValue",table="{name}"}} 1.0' in worker.get("/metrics")[1]


def test_a_column_that_no_contract_names_goes_nowhere(screenings: Screenings, start_worker: StartWorker) -> None:
    worker = start_worker()
    screenings.write(a_screening(1, phone="unmistakable +64 555 0100"))
    screenings.flush()

    @patiently()
    def arrived() -> None:
        assert screenings.final("number") == [(1,)]
        (entry,) = worker.logged("columns_without_a_contract")
        assert entry["columns"] == ["phone"]

    arrived()
    masked = b"".join(value or b"" for _, value in screenings.messages(screenings.table.masked_topic))
    assert b"555" not in masked
    assert b"nmistakable" not in masked + worker.log.read_bytes()


def test_nothing_is_lost_while_clickhouse_is_away(screenings: Screenings, start_worker: StartWorker) -> None:
    gate = Gate(screenings.settings.clickhouse)
    gate.open()
    worker = start_worker(clickhouse_port=gate.port - screenings.settings.port_offset)
    worker.wait_until_healthy()
    write_many(screenings, 0, 2_000)
    every_number_is_there(screenings, 2_000)
    gate.shut()
    write_many(screenings, 2_000, 4_000)

    @patiently()
    def repeated() -> None:
        assert len(worker.logged("delivery_repeated")) >= 3

    repeated()
    gate.open()
    every_number_is_there(screenings, 4_000)
    gate.shut()
    assert worker.process.poll() is None


def test_nothing_is_lost_when_the_worker_is_killed_again_and_again(
    screenings: Screenings, start_worker: StartWorker
) -> None:
    write_many(screenings, 0, MANY)
    for target in (1, MANY // 4, MANY // 2):
        worker = start_worker()

        @patiently()
        def under_way(target: int = target) -> None:
            assert screenings.query("SELECT count() FROM {raw}")[0][0] >= target

        under_way()
        worker.kill()
    start_worker()
    every_number_is_there(screenings, MANY)

    @patiently()
    def published() -> None:
        seats = [event["seats"] for event in screenings.newest_masked().values() if event]
        assert sorted(seats) == list(range(MANY))

    published()


def test_a_worker_that_is_stopped_ends_quickly_and_its_successor_repeats_nothing(
    screenings: Screenings, start_worker: StartWorker
) -> None:
    worker = start_worker()
    worker.wait_until_healthy()
    write_many(screenings, 0, 1_000)
    every_number_is_there(screenings, 1_000)
    assert worker.stop() == 0
    successor = start_worker()
    screenings.write(a_screening(0, venue="v1", seats=1_000))
    screenings.flush()
    every_number_is_there(screenings, 1_001)
    assert successor.stop() == 0
    assert screenings.query("SELECT count() FROM {raw}") == [(1_001,)]


def test_a_second_worker_may_come_and_go(screenings: Screenings, start_worker: StartWorker) -> None:
    first = start_worker()
    first.wait_until_healthy()
    write_many(screenings, 0, MANY // 2)
    second = start_worker()
    second.wait_until_healthy()
    write_many(screenings, MANY // 2, MANY)
    assert second.stop() == 0
    every_number_is_there(screenings, MANY)
    assert first.process.poll() is None
