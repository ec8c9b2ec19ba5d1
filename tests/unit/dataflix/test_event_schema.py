"""The schemas take every event that is published, and nothing that breaks the contract."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from source_rows import a_table_of_everything, rows

from dataflix.contracts import Table, load_contracts
from dataflix.preparation import compile_prepare
from dataflix.reference.event_schema import document, key_schema, value_schema
from dataflix.settings import PROJECT
from tests.debezium import a_rating, a_user, an_event

CONTRACTS = load_contracts(PROJECT / "contracts")
RATINGS, USERS = CONTRACTS.table("ratings"), CONTRACTS.table("users")
TABLES = [*CONTRACTS, a_table_of_everything()]
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)

tables = st.sampled_from(TABLES)
operations = st.sampled_from("rcud")
positions = st.fixed_dictionaries(
    {
        "commit": st.none() | st.integers(0, 2**56 - 1),
        "lsn": st.integers(0, 2**63 - 1),
        "txid": st.none() | st.integers(0, 2**32 - 1),
        "committed_us": st.integers(0, 2**52),
    }
)


def values_of(table: Table) -> Draft202012Validator:
    return Draft202012Validator(value_schema(table), format_checker=FormatChecker())


VALUES = {table.name: values_of(table) for table in TABLES}
KEYS = {table.name: Draft202012Validator(key_schema(table)) for table in TABLES}
PREPARE = {table.name: compile_prepare(table, b"a masking key") for table in TABLES}


def the_event(table: Table, row: dict[str, Any], op: str = "c", **position: Any) -> dict[str, Any]:
    """The value of the masked event of a change."""
    value: dict[str, Any] = orjson.loads(
        PREPARE[table.name](an_event(row, op=op, table=table.name, **position), 3, 42).value
    )
    return value


def is_valid(table: Table, event: object) -> bool:
    return VALUES[table.name].is_valid(event)


@each_table
def test_a_schema_is_one_in_both_dialects_that_read_it(table: Table) -> None:
    for schema in (key_schema(table), value_schema(table)):
        Draft202012Validator.check_schema(document(schema, "a name"))
        Draft7Validator.check_schema(schema)


@settings(max_examples=300)
@given(st.data(), tables, operations, positions)
def test_every_event_that_is_published_is_valid(
    data: st.DataObject, table: Table, op: str, position: dict[str, Any]
) -> None:
    change = an_event(data.draw(rows(table)), op=op, table=table.name, **position)
    event = PREPARE[table.name](change, 3, 42)
    KEYS[table.name].validate(orjson.loads(event.key))
    VALUES[table.name].validate(orjson.loads(event.value))
    Draft7Validator(value_schema(table)).validate(orjson.loads(event.value))


@given(st.data(), tables, operations)
def test_an_event_that_lacks_a_field_is_not(data: st.DataObject, table: Table, op: str) -> None:
    event = the_event(table, data.draw(rows(table)), op)
    del event[data.draw(st.sampled_from(sorted(event)))]
    assert not is_valid(table, event)


@given(st.data(), tables, operations)
def test_an_event_with_a_field_of_another_kind_is_not(data: st.DataObject, table: Table, op: str) -> None:
    event = the_event(table, data.draw(rows(table)), op)
    event[data.draw(st.sampled_from(sorted(event)))] = data.draw(st.sampled_from([[], {}, ["4.5"], {"of": 1}]))
    assert not is_valid(table, event)


@given(st.text(min_size=1).filter(lambda name: name not in RATINGS.by_name and not name.startswith("_")), operations)
def test_a_column_that_no_contract_names_is_refused(name: str, op: str) -> None:
    assert not is_valid(RATINGS, the_event(RATINGS, a_rating(), op) | {name: None})


letters = st.text(st.characters(categories=["L", "N"]), min_size=2, max_size=30)


@given(st.sampled_from(["username", "email", "first_name", "last_name"]), letters)
def test_a_personal_value_in_clear_is_refused(column: str, clear: str) -> None:
    if column in ("username", "email"):
        clear += "@example.org"
    assert not is_valid(USERS, the_event(USERS, a_user()) | {column: clear})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("rating", 4.5),
        ("rating", "4.50"),
        ("rating", "45.0"),
        ("rating", "+4.5"),
        ("rating", None),
        ("user_id", 2**63),
        ("user_id", "3"),
        ("liked", 1),
        ("rated_at", "2026-01-02T03:04:05Z"),
        ("rated_at", "2026-01-02T03:04:05.123456+01:00"),
        ("rated_at", "2300-01-02T03:04:05.123456Z"),
        ("rated_at", 1_767_323_045_123_456),
        ("_version", 7),
        ("_version", "-7"),
        ("_deleted", True),
        ("_deleted", 2),
        ("_op", "t"),
        ("_op", "d"),
        ("_txid", -1),
        ("_topic", "cdc.public.users"),
        ("_committed_at", None),
    ],
)
def test_a_value_that_is_not_spelled_as_promised_is_refused(column: str, value: object) -> None:
    event = the_event(RATINGS, a_rating())
    assert is_valid(RATINGS, event)
    assert not is_valid(RATINGS, event | {column: value})


def test_a_delete_that_carries_more_than_its_key_is_refused() -> None:
    deleted = the_event(USERS, a_user(), "d")
    assert is_valid(USERS, deleted)
    assert not is_valid(USERS, deleted | {"city": None})
    assert not is_valid(USERS, the_event(USERS, a_user()) | {"_deleted": 1, "_op": "d"})


@pytest.mark.parametrize("key", [{}, {"rating_id": None}, {"rating_id": "7"}, {"rating_id": 7, "user_id": 3}, 7, None])
def test_a_key_is_the_key_columns_and_nothing_else(key: object) -> None:
    assert KEYS["ratings"].is_valid({"rating_id": 7})
    assert not KEYS["ratings"].is_valid(key)
