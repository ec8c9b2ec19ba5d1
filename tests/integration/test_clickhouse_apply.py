"""Raw tables on a real server: what `apply` makes, keeps and refuses."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client
from own_stack import Stack

from clickhouse import catalog
from clickhouse.raw_tables import RawTable
from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.column_types import Kind
from dataflix.contracts import Table
from dataflix.errors import ContractViolation
from dataflix.settings import Settings

EVERY_TYPE = [kind.value for kind in Kind if kind is not Kind.NUMERIC] + ["numeric(2,1)", "numeric(38, 10)"]


def a_table(*key: str, **types: str) -> RawTable:
    """A raw table ``shelves`` with columns of these types; a type that ends in ``?`` is nullable."""
    columns = {
        name: {"type": type_.rstrip("?"), "nullable": type_.endswith("?"), "description": f"The table's {name} \\ '%'"}
        for name, type_ in types.items()
    }
    contract = {"table": "shelves", "description": "Somebody's shelves.", "key": key or ["id"], "columns": columns}
    return RawTable.of(Table.model_validate(contract))


@pytest.fixture
def admin(clickhouse: Settings) -> Iterator[Client]:
    """A client that may change tables; the test's table is dropped after it."""
    client = open_clickhouse(clickhouse, ClickHouseUser.ADMIN)
    yield client
    client.command("drop table if exists raw.shelves")
    client.close()


def column_names(client: Client) -> list[str]:
    return [str(row[0]) for row in client.query("describe raw.shelves").result_rows]


def test_applying_twice_changes_nothing_the_second_time(admin: Client) -> None:
    types = {f"c{number}": type_ for number, type_ in enumerate(EVERY_TYPE)}
    nullable = {f"n{number}": f"{type_}?" for number, type_ in enumerate(EVERY_TYPE)}
    table = a_table("id", "c0", id="bigint", **types, **nullable)
    assert catalog.apply(admin, [table])
    assert catalog.apply(admin, [table]) == []
    assert column_names(admin) == [column.name for column in table.columns]


def test_merging_keeps_the_mark_of_a_deletion_so_a_late_change_does_not_bring_the_row_back(admin: Client) -> None:
    table = a_table(id="bigint", name="text")
    catalog.apply(admin, [table])
    versions = [[1, "first", 1, 0], [1, "second", 2, 0], [1, "", 4, 1], [2, "stays", 1, 0]]
    for row in versions:
        admin.insert("raw.shelves", [row], column_names=["id", "name", "_version", "_deleted"])

    assert catalog.merge(admin, table)[1] == 2
    admin.insert("raw.shelves", [[1, "late", 3, 0]], column_names=["id", "name", "_version", "_deleted"])
    catalog.merge(admin, table)

    assert admin.query("select id, name from raw.shelves final").result_rows == [(2, "stays")]


def test_a_new_column_is_added_and_rows_stay(admin: Client) -> None:
    catalog.apply(admin, [a_table(id="bigint", name="text")])
    admin.insert("raw.shelves", [[1, "left", 1]], column_names=["id", "name", "_version"])
    wider = a_table(id="bigint", height="numeric(5,2)?", name="text")
    assert len(catalog.apply(admin, [wider])) == 1
    assert column_names(admin)[:3] == ["id", "height", "name"]
    assert admin.query("select id, height, name from raw.shelves").result_rows == [(1, None, "left")]
    assert catalog.apply(admin, [wider]) == []


def test_a_retyped_column_is_refused_and_nothing_changes(admin: Client) -> None:
    catalog.apply(admin, [a_table(id="bigint", name="text")])
    with pytest.raises(ContractViolation, match=r"name of raw\.shelves is String, and the contract makes it Int64"):
        catalog.apply(admin, [a_table(id="bigint", name="bigint", height="integer")])
    assert column_names(admin)[:3] == ["id", "name", "_version"]


def test_a_batch_that_is_inserted_again_counts_once(admin: Client) -> None:
    catalog.apply(admin, [a_table(id="bigint")])
    for token in ("a", "a", "b"):
        admin.insert(
            "raw.shelves", [[1, 1]], column_names=["id", "_version"], settings={"insert_deduplication_token": token}
        )
    assert admin.query("select count() from raw.shelves").result_rows == [(2,)]


def test_the_command_applies_the_contracts_of_the_project(stack: Stack, clickhouse: Settings) -> None:
    stack.run("clickhouse", "apply")
    report = stack.run("clickhouse", "apply")
    assert report.startswith("4 raw tables at ")
    client = open_clickhouse(clickhouse, ClickHouseUser.ADMIN)
    names = {row[0] for row in client.query("show tables from raw").result_rows}
    client.close()
    assert {"movies", "ratings", "users", "watched_movies"} <= names
