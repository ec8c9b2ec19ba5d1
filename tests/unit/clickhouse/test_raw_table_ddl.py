import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickhouse import ddl
from clickhouse.raw_tables import KEY_ID_COLUMN, TRACE_COLUMNS, RawTable
from dataflix import masked_events
from dataflix.column_types import Kind
from dataflix.contracts import Table, load_contracts
from dataflix.settings import PROJECT

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
TYPES = st.sampled_from([kind.value for kind in Kind if kind is not Kind.NUMERIC] + ["numeric(2,1)", "numeric(38,10)"])
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


@st.composite
def contracts(draw: st.DrawFn) -> Table:
    names = draw(st.lists(NAMES, min_size=1, max_size=8, unique=True))
    key = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    columns = {
        name: {
            "type": draw(TYPES),
            "description": draw(TEXTS),
            "nullable": name not in key and draw(st.booleans()),
        }
        for name in names
    }
    return Table.model_validate({"table": draw(NAMES), "description": draw(TEXTS), "key": key, "columns": columns})


def a_contract(**types: str) -> Table:
    columns = {name: {"type": type_, "description": f"The {name}"} for name, type_ in types.items()}
    return Table.model_validate({"table": "things", "description": "Things.", "key": ["id"], "columns": columns})


@pytest.mark.parametrize(
    ("source", "clickhouse"),
    [
        ("smallint", "Int16"),
        ("integer", "Int32"),
        ("bigint", "Int64"),
        ("boolean", "Bool"),
        ("text", "String"),
        ("numeric(12,4)", "Decimal(12, 4)"),
        ("double precision", "Float64"),
        ("date", "Date32"),
        ("timestamp", "DateTime64(6, 'UTC')"),
        ("timestamptz", "DateTime64(6, 'UTC')"),
        ("uuid", "UUID"),
    ],
)
def test_every_type_of_a_contract_has_a_column_that_holds_it(source: str, clickhouse: str) -> None:
    statement = ddl.create_table(RawTable.of(a_contract(id="bigint", value=source)))
    assert f"`value` {clickhouse} COMMENT 'The value'" in statement


def test_a_raw_table_is_the_contract_then_where_each_change_came_from() -> None:
    statement = ddl.create_table(RawTable.of(a_contract(id="bigint")))
    assert statement.splitlines() == [
        "CREATE TABLE IF NOT EXISTS raw.things",
        "(",
        "    `id` Int64 COMMENT 'The id',",
        *(line for line in statement.splitlines() if line.startswith("    `_")),
        "    INDEX arrival _ingested_at TYPE minmax",
        ")",
        "ENGINE = ReplacingMergeTree(_version, _deleted)",
        "ORDER BY (`id`)",
        "SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 512, min_compress_block_size = 4096",
        "COMMENT 'Things.'",
    ]


def test_a_raw_table_takes_every_field_of_a_masked_event() -> None:
    fields = {
        value for name, value in vars(masked_events).items() if name.isupper() and str(value).startswith("_")
    }  # the constants that name fields
    assert fields == {column.name for column in (*TRACE_COLUMNS, KEY_ID_COLUMN) if not column.default}


def test_only_a_raw_table_with_a_hashed_column_says_under_which_key() -> None:
    contracts = load_contracts(PROJECT / "contracts")
    assert {table.name for table in contracts if KEY_ID_COLUMN in RawTable.of(table).columns} == {"users"}


@given(contracts())
def test_columns_keep_the_order_of_the_contract_and_nullable_ones_say_so(table: Table) -> None:
    raw = RawTable.of(table)
    statement = ddl.create_table(raw)
    assert re.findall(r"^    `(\w+)` ", statement, re.MULTILINE) == [column.name for column in raw.columns]
    for column in table.columns:
        assert (f"`{column.name}` Nullable({column.type.clickhouse})" in statement) == column.nullable
    assert "ORDER BY (" + ", ".join(f"`{name}`" for name in table.key) + ")" in statement


@given(st.text())
def test_a_description_cannot_leave_its_literal(text: str) -> None:
    quoted = ddl.literal(text)
    assert re.fullmatch(r"'(?:[^'\\]|\\\\|\\')*'", quoted, re.DOTALL)
    assert re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL) == text


def test_the_script_makes_databases_before_tables() -> None:
    statements = ddl.script([RawTable.of(a_contract(id="bigint"))]).split(";\n\n")
    assert [statement.split(" (")[0].splitlines()[0] for statement in statements] == [
        "CREATE DATABASE IF NOT EXISTS raw",
        "CREATE DATABASE IF NOT EXISTS analytics",
        "CREATE DATABASE IF NOT EXISTS pipeline",
        "CREATE TABLE IF NOT EXISTS pipeline.readings",
        "CREATE TABLE IF NOT EXISTS pipeline.measurements",
        "CREATE TABLE IF NOT EXISTS raw.things",
    ]
