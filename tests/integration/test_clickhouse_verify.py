"""`verify` between a real source and real raw tables: equal in every type when equal, and named when not."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import yaml
from clickhouse_connect.driver.client import Client
from own_stack import Stack

from clickhouse import catalog
from clickhouse.raw_tables import RawTable
from clickhouse.reconciliation.comparison import Comparison, Difference, Kind
from clickhouse.reconciliation.verification import Comparisons, compare_once, verify
from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.contracts import Table, load_contracts
from dataflix.errors import ContractViolation
from dataflix.masking import mask_for
from dataflix.settings import PROJECT, Settings

# Value, null and the edges of each type, as literals of PostgreSQL and as the stream writes them for ClickHouse.
SAMPLES: dict[str, dict[str, object]] = {
    "smallint": {"-32768": -32768, "32767": 32767},
    "integer": {"-2147483648": -(2**31), "0": 0},
    "bigint": {"9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63)},
    "boolean": {"true": True, "false": False},
    "text": {
        "''": "",
        "'NULL'": "NULL",
        "E'tab\\tline\\nquote\\' \\\\ \"'": "tab\tline\nquote' \\ \"",
        "'Zoë 🎬'": "Zoë 🎬",
        "repeat('x', 5000)": "x" * 5_000,
        "'sha256:'": "sha256:",
    },
    "numeric(12,4)": {"0": "0.0000", "-0.5": "-0.5", "10": "10", "99999999.9999": "99999999.9999"},
    "numeric(38,0)": {"'99999999999999999999999999999999999999'": "9" * 38},
    "double precision": {
        "1e20": 1e20,
        "'-0'": -0.0,
        "0.1": 0.1,
        "5e-324": 5e-324,
        "1.7976931348623157e308": sys.float_info.max,
    },
    "date": {"'1969-07-20'": "1969-07-20", "'2299-12-31'": "2299-12-31"},
    "timestamp": {"'2026-01-02 03:04:05.000001'": "2026-01-02T03:04:05.000001Z"},
    "timestamptz": {
        "'2026-01-02 03:04:05.1+05:30'": "2026-01-01T21:34:05.100000Z",
        "'1969-12-31 23:59:59.999999Z'": "1969-12-31T23:59:59.999999Z",
    },
    "uuid": {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
}


def a_contract(name: str, key: Sequence[str], columns: Mapping[str, Mapping[str, object]]) -> Table:
    described = {column: {"description": f"The {column}", **rest} for column, rest in columns.items()}
    return Table.model_validate({"table": name, "description": "Of a test.", "key": key, "columns": described})


PEOPLE = a_contract(
    "people",
    ["id"],
    {
        "id": {"type": "bigint"},
        "email": {"type": "text", "mask": "hash"},
        "name": {"type": "text", "mask": "initial", "nullable": True},
        "stars": {"type": "numeric(2,1)", "nullable": True},
        "seen_at": {"type": "timestamptz", "nullable": True},
    },
)


@dataclass(frozen=True)
class Sides:
    """The source and raw, to write on either."""

    settings: Settings
    source: psycopg.Connection[tuple[object, ...]]
    raw: Client

    def create(self, table: Table) -> None:
        columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        self.source.execute(f"create table {table.name} ({columns}, primary key ({', '.join(table.key)}))".encode())
        self.source.execute(f"grant select on {table.name} to dataflix_verifier".encode())
        catalog.apply(self.raw, [RawTable.of(table)])

    def drop(self, table: Table) -> None:
        self.source.execute(f"drop table if exists {table.name}".encode())
        self.raw.command(f"drop table if exists raw.{table.name}")

    def insert(self, table: Table, *values: object) -> None:
        """Insert literals of SQL into the source."""
        self.source.execute(f"insert into {table.name} values ({', '.join(map(str, values))})".encode())  # noqa: S608

    def stream(self, table: Table, *rows: Mapping[str, object], version: int = 1) -> None:
        """Insert rows into raw as the worker does."""
        lines = "\n".join(json.dumps({"_deleted": 0, "_version": str(version), **row}) for row in rows)
        self.raw.raw_insert(
            f"raw.{table.name}",
            insert_block=lines,
            fmt="JSONEachRow",
            settings={"date_time_input_format": "best_effort"},
        )

    def compare(self, table: Table) -> Comparison:
        return compare_once(self.settings, [table])[table.name]


@pytest.fixture
def sides(source: Settings, clickhouse: Settings) -> Iterator[Sides]:
    assert source.home == clickhouse.home
    conninfo = source.postgres_conninfo("dataflix_admin", source.postgres_admin_password)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        client = open_clickhouse(clickhouse, ClickHouseUser.ADMIN)
        yield Sides(clickhouse, connection, client)
        client.close()


@pytest.fixture
def people(sides: Sides) -> Iterator[Sides]:
    """Three people on both sides, equal."""
    sides.create(PEOPLE)
    sides.source.execute(
        "insert into people values (1, 'ada@example.org', 'Ada', 4.5, '2026-01-02 03:04:05.1+02'), "
        "(2, 'bob@example.org', '', 0.5, null), (3, '', null, null, null)"
    )
    key = sides.settings.masking_key.get_secret_value().encode()
    email = mask_for(PEOPLE.by_name["email"].mask, key)
    assert email is not None
    sides.stream(
        PEOPLE,
        {
            "id": 1,
            "email": email("ada@example.org"),
            "name": "A**",
            "stars": "4.5",
            "seen_at": "2026-01-02T01:04:05.1Z",
        },
        {"id": 2, "email": email("bob@example.org"), "name": "", "stars": "0.5"},
        {"id": 3, "email": "", "name": None},
    )
    yield sides
    sides.drop(PEOPLE)


@pytest.mark.parametrize("type_", SAMPLES)
def test_equal_values_of_every_type_are_equal(sides: Sides, type_: str) -> None:
    table = a_contract("samples", ["id"], {"id": {"type": "integer"}, "value": {"type": type_, "nullable": True}})
    sides.create(table)
    try:
        for number, literal in enumerate([*SAMPLES[type_], "null"]):
            sides.insert(table, number, literal)
        values = [*SAMPLES[type_].values(), None]
        sides.stream(table, *({"id": number, "value": value} for number, value in enumerate(values)))
        comparison = sides.compare(table)
        assert comparison.differences == ()
        assert comparison.source_rows == comparison.raw_rows == len(values)
        assert comparison.source_checksum == comparison.raw_checksum
    finally:
        sides.drop(table)


@pytest.mark.parametrize(
    ("type_", "literal"),
    [
        ("timestamptz", "'infinity'"),
        ("timestamp", "'-infinity'"),
        ("date", "'0044-03-15 BC'"),
        ("numeric(12,4)", "'NaN'"),
    ],
)
def test_a_value_that_clickhouse_cannot_hold_never_counts_as_equal_to_null(
    sides: Sides, type_: str, literal: str
) -> None:
    table = a_contract("samples", ["id"], {"id": {"type": "integer"}, "value": {"type": type_, "nullable": True}})
    sides.create(table)
    try:
        sides.insert(table, 1, literal)
        sides.stream(table, {"id": 1, "value": None})
        assert sides.compare(table).differences == (Difference({"id": 1}, Kind.CHANGED, ("value",)),)
    finally:
        sides.drop(table)


def test_keys_of_text_and_uuid_meet_in_the_same_order(sides: Sides) -> None:
    table = a_contract("labels", ["label", "id"], {"id": {"type": "uuid"}, "label": {"type": "text"}})
    rows = [
        {
            "label": label,
            "id": f"{'0f8'[number % 3]}{number:07x}-0000-4000-{'8a'[number % 2]}000-{number * 7919 % 97:012x}",
        }
        for label in ("Z", "a", "ä", "é", "a b", "a-b", "🎬", "~")
        for number in range(20)
    ]
    sides.create(table)
    try:
        with sides.source.cursor() as cursor:
            cursor.executemany("insert into labels (label, id) values (%(label)s, %(id)s)", rows)
        before = sides.compare(table)
        sides.stream(table, *rows)
        assert sides.compare(table).differences == ()
        again = compare_once(sides.settings, [table], {table.name: before})[table.name]
        assert (before.differing, again.differing) == (len(rows), 0)
        assert (again.source_rows, again.raw_rows) == (len(rows), len(rows))
    finally:
        sides.drop(table)


def test_masked_rows_equal_their_source(people: Sides) -> None:
    comparison = people.compare(PEOPLE)
    assert comparison.differences == ()
    assert (comparison.source_rows, comparison.raw_rows) == (3, 3)


def test_the_newest_version_counts_and_a_deleted_row_is_gone(people: Sides) -> None:
    people.source.execute("delete from people where id = 1")
    people.stream(PEOPLE, {"id": 1, "_deleted": 1}, version=3)
    people.stream(PEOPLE, {"id": 3, "email": "", "name": None, "stars": "1.0"}, version=3)
    people.source.execute("update people set stars = 1 where id = 3")
    people.stream(PEOPLE, {"id": 1, "email": "stale"}, {"id": 3, "email": "stale"}, version=2)
    assert people.compare(PEOPLE).differences == ()


def test_a_row_that_raw_lacks_is_named(people: Sides) -> None:
    people.source.execute("insert into people (id, email) values (17, 'eve@example.org')")
    comparison = people.compare(PEOPLE)
    assert comparison.differences == (Difference({"id": 17}, Kind.MISSING),)
    assert (comparison.source_rows, comparison.raw_rows, comparison.differing) == (4, 3, 1)


def test_a_row_that_the_source_lacks_is_named(people: Sides) -> None:
    people.stream(PEOPLE, {"id": 17, "email": ""})
    assert people.compare(PEOPLE).differences == (Difference({"id": 17}, Kind.EXTRA),)


def test_a_table_that_never_rests_is_equal_once_each_row_has_been(people: Sides) -> None:
    """Raw has one row only after the first look, and from then on the source another one: they never agree at once."""
    people.source.execute("update people set name = 'Eve' where id = 3")

    def once(tables: Sequence[Table], before: Comparisons) -> Comparisons:
        found = compare_once(people.settings, tables, before)
        people.stream(PEOPLE, {"id": 3, "email": "", "name": "E**"}, version=2)
        people.source.execute("update people set stars = coalesce(stars, 0.5) % 5 + 0.5 where id = 2")
        return found

    verification = verify([PEOPLE], 30, once)
    assert verification.equal
    comparison = verification.tables["people"]
    assert (comparison.source_rows, comparison.raw_rows, comparison.source_checksum) == (3, 3, None)
    assert not people.compare(PEOPLE).equal


def test_another_value_is_named_by_its_column(people: Sides) -> None:
    people.source.execute("update people set stars = 4.0, email = 'other@example.org' where id = 1")
    comparison = people.compare(PEOPLE)
    assert comparison.differences == (Difference({"id": 1}, Kind.CHANGED, ("email", "stars")),)
    assert comparison.source_checksum != comparison.raw_checksum


def test_null_and_empty_are_told_apart(people: Sides) -> None:
    people.source.execute("update people set name = null where id = 2")
    people.source.execute("update people set name = '' where id = 3")
    differences = people.compare(PEOPLE).differences
    assert [(difference.key["id"], difference.columns) for difference in differences] == [
        (2, ("name",)),
        (3, ("name",)),
    ]


def test_a_source_without_a_column_of_the_contract_is_said(people: Sides) -> None:
    people.source.execute("alter table people drop column stars")
    with pytest.raises(ContractViolation, match=r"contract of people describes it: .*stars"):
        people.compare(PEOPLE)


def test_the_command_exits_with_what_it_found(stack: Stack, people: Sides, tmp_path: Path) -> None:
    columns = {
        column.name: {"type": str(column.type), "description": "Any", "nullable": column.nullable, "mask": column.mask}
        for column in PEOPLE.columns
    }
    contract = {"table": "people", "description": "Of a test.", "key": ["id"], "columns": columns}
    (tmp_path / "people.yml").write_text(yaml.safe_dump(json.loads(json.dumps(contract))), encoding="utf-8")
    assert load_contracts(tmp_path).table("people").key == ("id",)
    environment = {"DATAFLIX_CONTRACTS": str(tmp_path)}

    found = json.loads(stack.run("clickhouse", "verify", "--json", env=environment))
    assert found["equal"] is True
    assert found["tables"]["people"]["keys"] == []

    people.source.execute("delete from people where id = 2")
    done = subprocess.run(
        [sys.executable, "-m", "clickhouse", "verify", "--table", "people", "--wait", "0.5"],
        cwd=PROJECT,
        env={"DATAFLIX_HOME": str(stack.home), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "people id 2: not in the source" in done.stdout
    assert "example.org" not in done.stdout + done.stderr
