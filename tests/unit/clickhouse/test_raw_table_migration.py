from dataclasses import replace

import pytest

from clickhouse import ddl
from clickhouse.migration import DifferenceKind, ExistingTable, differences, plan
from clickhouse.raw_tables import ENGINE, RawColumn, RawTable
from dataflix.contracts import Table
from dataflix.errors import ContractViolation


def raw_things(**types: str) -> RawTable:
    columns = {name: {"type": type_, "description": f"The {name}"} for name, type_ in types.items()}
    return RawTable.of(
        Table.model_validate({"table": "things", "description": "Things.", "key": ["id"], "columns": columns})
    )


THINGS = raw_things(id="bigint", name="text")
OTHERS = replace(raw_things(id="bigint"), name="others")


def existing(table: RawTable) -> dict[str, ExistingTable]:
    engine = f"{ENGINE} ORDER BY {', '.join(table.key)} SETTINGS index_granularity = 8192"
    return {table.name: ExistingTable(table.name, table.description, engine, table.key, table.columns)}


def test_nothing_is_done_when_the_tables_are_what_the_contracts_describe() -> None:
    assert plan([THINGS], existing(THINGS)) == []


def test_a_missing_table_is_created() -> None:
    assert plan([THINGS], {}) == [ddl.create_table(THINGS)]


def test_a_new_column_is_added_where_the_contract_has_it() -> None:
    wider = raw_things(id="bigint", size="integer", name="text")
    assert plan([wider], existing(THINGS)) == [
        "ALTER TABLE raw.things ADD COLUMN IF NOT EXISTS `size` Int32 COMMENT 'The size' AFTER `id`"
    ]


def test_descriptions_follow_the_contract() -> None:
    id_, *rest = THINGS.columns
    described = replace(THINGS, description="Other.", columns=(replace(id_, description="It's new"), *rest))
    assert plan([described], existing(THINGS)) == [
        "ALTER TABLE raw.things COMMENT COLUMN `id` 'It\\'s new'",
        "ALTER TABLE raw.things MODIFY COMMENT 'Other.'",
    ]


def test_a_retyped_column_is_refused_with_both_types_and_what_to_do() -> None:
    with pytest.raises(ContractViolation) as refused:
        plan([raw_things(id="bigint", name="bigint")], existing(THINGS))
    for part in ("raw.things", "name", "String", "Int64", "MODIFY COLUMN"):
        assert part in str(refused.value)


def test_a_column_that_no_contract_names_is_refused() -> None:
    stray = replace(THINGS, columns=(*THINGS.columns, RawColumn("stray", "String", "")))
    with pytest.raises(ContractViolation, match=r"stray \(String\) of raw.things .* DROP COLUMN stray"):
        plan([THINGS], existing(stray))


def test_another_key_is_refused() -> None:
    with pytest.raises(ContractViolation, match=r"ordered by \(name\), and the contract's key is \(id\)"):
        plan([THINGS], existing(replace(THINGS, key=("name",))))


def test_another_engine_is_refused() -> None:
    table = existing(THINGS)["things"]
    with pytest.raises(ContractViolation, match=r"has the engine MergeTree, and raw tables need Repl"):
        plan([THINGS], {"things": replace(table, engine="MergeTree ORDER BY id")})


def test_one_table_that_is_refused_leaves_the_others_as_they_are() -> None:
    other = replace(THINGS, name="others")
    with pytest.raises(ContractViolation):
        plan([other, raw_things(id="bigint", name="bigint")], existing(THINGS))


def test_every_difference_is_told_and_only_those_that_lose_nothing_have_a_statement() -> None:
    there = replace(THINGS, columns=(*THINGS.columns, RawColumn("stray", "String", "")))
    wanted = raw_things(id="bigint", name="bigint", size="integer")
    found = {difference.kind: difference for difference in differences([wanted, OTHERS], existing(there))}
    assert {kind for kind, difference in found.items() if difference.statement} == {
        DifferenceKind.MISSING_COLUMN,
        DifferenceKind.MISSING_TABLE,
    }
    assert {kind for kind, difference in found.items() if not difference.statement} == {
        DifferenceKind.STRAY_COLUMN,
        DifferenceKind.TYPE,
    }
    assert all(difference.stops for difference in found.values())


def test_a_description_that_differs_stops_nothing() -> None:
    (difference,) = differences([replace(THINGS, description="Other.")], existing(THINGS))
    assert (difference.kind, difference.stops) == (DifferenceKind.DESCRIPTION, False)
    assert difference.message == (
        "The description of raw.things is not its contract's: run `bin/dataflix contracts apply`."
    )
