"""Every kind of change and the edges of every type, from PostgreSQL to raw and the masked topic, compared by value."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from own_stream import FIRST_MARKER, OwnStream, streaming

from clickhouse.reconciliation.comparison import Difference, Kind
from connectors.truncation import TRIGGER
from dataflix.settings import Settings

MANY = 100_000
MEGABYTE = 1_000_000
LONG = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(MEGABYTE // 3))

CONTRACT = """
table: {name}
description: A parcel, with a column of every type.
key: [parcel_id]
columns:
  parcel_id: {{type: bigint, description: bigint}}
  small: {{type: smallint, nullable: true, description: smallint}}
  whole: {{type: integer, nullable: true, description: integer}}
  large: {{type: bigint, nullable: true, description: bigint}}
  price: {{type: "numeric(12,4)", nullable: true, description: numeric}}
  exact: {{type: "numeric(76,38)", nullable: true, description: The widest numeric}}
  weight: {{type: double precision, nullable: true, description: double precision}}
  open: {{type: boolean, nullable: true, description: boolean}}
  sent_on: {{type: date, nullable: true, description: date}}
  sent_at: {{type: timestamp, nullable: true, description: timestamp}}
  came_at: {{type: timestamptz, nullable: true, description: timestamptz}}
  tag: {{type: uuid, nullable: true, description: uuid}}
  label: {{type: text, nullable: true, description: text}}
  sender: {{type: text, nullable: true, mask: initial, description: A name}}
  address: {{type: text, nullable: true, mask: hash, description: An address}}
"""
COLUMNS = """
    parcel_id bigint PRIMARY KEY, small smallint, whole integer, large bigint, price numeric(12, 4),
    exact numeric(76, 38), weight double precision, open boolean, sent_on date, sent_at timestamp, came_at timestamptz,
    tag uuid, label text, sender text, address text
"""
EDGES: dict[str, list[str]] = {
    "small": ["-32768", "32767", "0"],
    "whole": ["-2147483648", "2147483647"],
    "large": ["-9223372036854775808", "9223372036854775807"],
    "price": ["-99999999.9999", "99999999.9999", "0.0001", "10"],
    "exact": [f"{'9' * 38}.{'9' * 38}", f"-{'9' * 38}.{'9' * 38}", "1e-38"],
    "weight": ["1.7976931348623157e308", "5e-324", "-0", "Infinity", "-Infinity", "NaN", "1e20", "0.1"],
    "open": ["true", "false"],
    "sent_on": ["1900-01-01", "2299-12-31", "1969-12-31"],
    "sent_at": ["1900-01-01 00:00:00", "2299-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999"],
    "came_at": ["1900-01-01 00:00:00+00", "2299-12-31 23:59:59.999999+00", "2026-03-29 02:30:00+02", "epoch"],
    "tag": ["00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"],
    "label": ["", " ", "NULL", "👩‍👩‍👧 🎬 é", "tab\tline\nquote' \\ \"", "__debezium_unavailable", "x" * MEGABYTE],
    "sender": ["", "Å", "🎬🎬", "John"],
    "address": ["", "john@example.org", "🎬"],
}
BEYOND = [
    ("sent_on", "infinity"),
    ("sent_on", "-infinity"),
    ("sent_on", "1899-12-31"),
    ("sent_at", "infinity"),
    ("sent_at", "-infinity"),
    ("came_at", "infinity"),
    ("came_at", "-infinity"),
    ("came_at", "2300-01-01 00:00:00+00"),
    ("price", "NaN"),
]


@pytest.fixture(scope="module")
def own_stream(
    source: Settings, connect: Settings, clickhouse: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnStream]:
    """The table with its stream, connected when it held a row of edges."""
    assert source.home == connect.home == clickhouse.home
    folder = tmp_path_factory.mktemp("kinds")
    with streaming(OwnStream(source, folder / "contracts", CONTRACT, COLUMNS), folder / "worker.log") as stream:
        insert_edges(stream, 1)
        stream.connect()
        yield stream


@pytest.fixture
def parcels(own_stream: OwnStream) -> OwnStream:
    """The same, with an empty table."""
    own_stream.execute("DELETE FROM {table}")
    return own_stream


def insert_edges(stream: OwnStream, first: int) -> int:
    """A row for each edge, and one of nulls; how many these are."""
    edges = [("small", None), *((column, value) for column, values in EDGES.items() for value in values)]
    with stream.open() as connection:
        for number, (column, value) in enumerate(edges, first):
            insert = f"INSERT INTO {{table}} (parcel_id, {column}) VALUES (%s, %s)"  # noqa: S608
            connection.execute(stream.sql(insert), [number, value])
    return len(edges)


def equal(stream: OwnStream) -> int:
    """Wait for the stream, and compare by value; how many rows there are beside the markers."""
    stream.catch_up()
    comparison = stream.compare()
    assert comparison.differences == ()
    last = dict(stream.masked())
    held = [event for event in last.values() if event and event["parcel_id"] < FIRST_MARKER]
    ((rows,),) = stream.raw(f"SELECT count() FROM {{raw}} FINAL WHERE parcel_id < {FIRST_MARKER}")  # noqa: S608
    assert len(held) == rows
    return int(rows)


def test_snapshot_insert_update_and_incremental_snapshot_carry_the_edges_of_every_type(own_stream: OwnStream) -> None:
    edges = equal(own_stream)
    assert own_stream.raw("SELECT DISTINCT _op FROM {raw} FINAL WHERE parcel_id <= 40") == [("r",)]
    insert_edges(own_stream, 101)
    own_stream.execute("INSERT INTO {table} (parcel_id) SELECT n FROM generate_series(201, 200 + %s::int) AS n", edges)
    assignments = ", ".join(f"{column} = edge.{column}" for column in EDGES)
    own_stream.execute(
        f"UPDATE {{table}} AS t SET {assignments} FROM {{table}} AS edge "  # noqa: S608
        "WHERE t.parcel_id > 200 AND edge.parcel_id = t.parcel_id - 200"
    )
    assert equal(own_stream) == 3 * edges
    own_stream.order_snapshot()
    assert equal(own_stream) == 3 * edges
    assert own_stream.raw("SELECT DISTINCT _op FROM {raw} FINAL WHERE parcel_id <= 240") == [("r",)]
    assert own_stream.dead_letters() == []


def test_a_truncated_table_is_empty_in_raw_and_in_the_masked_topic(parcels: OwnStream) -> None:
    insert_edges(parcels, 1)
    with parcels.open() as connection:
        connection.execute(parcels.sql("INSERT INTO {table} (parcel_id) VALUES (100)"))
        connection.execute(parcels.sql("TRUNCATE {table}"))
        connection.execute(parcels.sql("INSERT INTO {table} (parcel_id) VALUES (2)"))
    assert equal(parcels) == 1
    # also where ordinary triggers do not fire
    parcels.execute("SET session_replication_role = replica; TRUNCATE {table}")
    assert equal(parcels) == 0


def test_a_truncate_that_was_rolled_back_is_none(parcels: OwnStream) -> None:
    parcels.execute("INSERT INTO {table} (parcel_id) VALUES (1)")
    with parcels.open() as connection:
        connection.execute(parcels.sql("TRUNCATE {table}"))
        connection.rollback()
    assert equal(parcels) == 1


def test_a_truncate_past_the_trigger_is_found_by_the_comparison(parcels: OwnStream) -> None:
    """Whoever owns the table can take the trigger away: then nothing is carried, and `verify` names the rows."""
    parcels.execute("INSERT INTO {table} (parcel_id) VALUES (1)")
    parcels.catch_up()
    parcels.execute(f"ALTER TABLE {{table}} DISABLE TRIGGER {TRIGGER}; TRUNCATE {{table}}")
    parcels.execute(f"ALTER TABLE {{table}} ENABLE ALWAYS TRIGGER {TRIGGER}")
    parcels.catch_up()
    assert Difference({"parcel_id": 1}, Kind.EXTRA) in parcels.compare().differences
    with parcels.open() as connection:  # put back, so that the stream can carry that they go
        connection.cursor().executemany(
            parcels.sql("INSERT INTO {table} (parcel_id) VALUES (%s) ON CONFLICT DO NOTHING"),
            parcels.raw("SELECT parcel_id FROM {raw} FINAL"),
        )
    assert equal(parcels) == 1


def test_a_changed_key_leaves_no_row_under_the_old_one(parcels: OwnStream) -> None:
    parcels.execute("INSERT INTO {table} (parcel_id, label) VALUES (1, 'one'), (2, %s), (3, 'three')", LONG)
    parcels.execute("UPDATE {table} SET parcel_id = parcel_id + 100")
    with parcels.open() as connection:  # two rows change places
        for new, old in ((0, 101), (101, 103), (103, 0)):
            connection.execute(parcels.sql("UPDATE {table} SET parcel_id = %s WHERE parcel_id = %s"), [new, old])
    assert equal(parcels) == 3
    query = "SELECT parcel_id, leftUTF8(label, 5) FROM {raw} FINAL WHERE parcel_id < %d ORDER BY parcel_id"
    assert parcels.raw(query % FIRST_MARKER) == [(101, "three"), (102, LONG[:5]), (103, "one")]


def test_a_megabyte_that_an_update_left_alone_stays(parcels: OwnStream) -> None:
    parcels.execute("INSERT INTO {table} (parcel_id, label, sender) VALUES (1, %s, %s)", LONG, LONG)
    parcels.execute("UPDATE {table} SET small = 7")
    assert equal(parcels) == 1
    assert parcels.raw("SELECT small, length(label), _op FROM {raw} FINAL WHERE parcel_id = 1") == [
        (7, len(LONG.encode()), "u")
    ]


def test_null_and_empty_are_told_apart(parcels: OwnStream) -> None:
    parcels.execute(
        "INSERT INTO {table} (parcel_id, label, sender, address) VALUES (1, '', '', ''), (2, null, null, null)"
    )
    assert equal(parcels) == 2
    parcels.execute("UPDATE {table} SET label = null, sender = null, address = null WHERE parcel_id = 1")
    parcels.execute("UPDATE {table} SET label = '', sender = '', address = '' WHERE parcel_id = 2")
    assert equal(parcels) == 2
    values = "label, sender, address"
    assert parcels.raw(f"SELECT {values} FROM {{raw}} FINAL WHERE parcel_id IN (1, 2) ORDER BY parcel_id") == [  # noqa: S608
        (None, None, None),
        ("", "", ""),
    ]


def test_what_clickhouse_cannot_hold_is_a_dead_letter_and_never_equal(parcels: OwnStream) -> None:
    """Infinity has no value in raw that could not also be a real one: the row waits, and `verify` names it."""
    for number, (column, value) in enumerate(BEYOND, 1):
        parcels.execute(f"INSERT INTO {{table}} (parcel_id, {column}) VALUES (%s, %s)", number, value)  # noqa: S608
    parcels.catch_up()
    letters = [letter for letter in parcels.dead_letters() if letter["kind"] == "UnfitValue"]
    assert [letter["reason"].split()[2] for letter in letters[-len(BEYOND) :]] == [column for column, _ in BEYOND]
    missing = tuple(Difference({"parcel_id": number}, Kind.MISSING) for number, _ in enumerate(BEYOND, 1))
    assert parcels.compare().differences == missing
    parcels.execute("UPDATE {table} SET sent_on = '2026-01-02', sent_at = null, came_at = 'epoch', price = 1")
    assert equal(parcels) == len(BEYOND)


def test_nothing_of_a_rolled_back_transaction_arrives(parcels: OwnStream) -> None:
    parcels.execute("INSERT INTO {table} (parcel_id) VALUES (1)")
    with parcels.open() as connection:
        change(parcels, connection, "UPDATE {table} SET small = 1")
        connection.rollback()
        change(parcels, connection, "UPDATE {table} SET small = 2")
        change(parcels, connection, "SAVEPOINT one")
        change(parcels, connection, "INSERT INTO {table} (parcel_id) VALUES (2)")
        change(parcels, connection, "SAVEPOINT two")
        change(parcels, connection, "DELETE FROM {table}")
        change(parcels, connection, "ROLLBACK TO SAVEPOINT one")
        change(parcels, connection, "INSERT INTO {table} (parcel_id) VALUES (3)")
    assert equal(parcels) == 2
    assert parcels.raw("SELECT parcel_id, small FROM {raw} FINAL WHERE parcel_id <= 3 ORDER BY parcel_id") == [
        (1, 2),
        (3, None),
    ]
    assert parcels.raw("SELECT count() FROM {raw} WHERE parcel_id = 2 AND _op = 'c'") == [(0,)]


def test_a_hundred_thousand_rows_in_one_transaction(parcels: OwnStream) -> None:
    with parcels.open() as connection:
        connection.execute(
            parcels.sql(
                "INSERT INTO {table} (parcel_id, large) SELECT n, n * n FROM generate_series(1, %s::bigint) AS n"
            ),
            [MANY],
        )
        connection.execute(parcels.sql("SAVEPOINT one"))
        connection.execute(parcels.sql("DELETE FROM {table}"))
        connection.execute(parcels.sql("ROLLBACK TO SAVEPOINT one"))
        connection.execute(parcels.sql("UPDATE {table} SET label = 'even' WHERE parcel_id %% 2 = 0"), [])
    parcels.catch_up(seconds=180)
    assert equal(parcels) == MANY


def change(stream: OwnStream, connection: psycopg.Connection[tuple[Any, ...]], statement: str) -> None:
    connection.execute(stream.sql(statement))
