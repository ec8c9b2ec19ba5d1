"""Which tables a later snapshot is ordered for."""

import json

from connectors.snapshots import snapshot_signal, without_snapshot
from dataflix.contracts import Contracts, Table


def a_table(name: str, *columns: str) -> Table:
    return Table.model_validate(
        {
            "table": name,
            "description": "Of a test.",
            "key": ["id"],
            "columns": {column: {"type": "bigint", "description": "Of a test"} for column in ("id", *columns)},
        }
    )


CONTRACTS = Contracts(tables=(a_table("actors", "name"), a_table("genres")), version="of-the-test")


def test_a_table_that_is_new_in_the_contracts_needs_a_snapshot() -> None:
    assert without_snapshot(CONTRACTS, {"public.actors": frozenset({"id", "name"})}) == ("public.genres",)


def test_a_column_that_is_new_in_the_contracts_needs_a_snapshot_of_its_table() -> None:
    ordered = {"public.actors": frozenset({"id"}), "public.genres": frozenset({"id"})}
    assert without_snapshot(CONTRACTS, ordered) == ("public.actors",)


def test_a_column_that_left_the_contracts_needs_none() -> None:
    ordered = {"public.actors": frozenset({"id", "name", "age"}), "public.genres": frozenset({"id"})}
    assert without_snapshot(CONTRACTS, ordered) == ()


def test_the_signal_names_the_tables() -> None:
    assert json.loads(snapshot_signal(("public.genres",))) == {
        "type": "incremental",
        "data-collections": ["public.genres"],
    }
