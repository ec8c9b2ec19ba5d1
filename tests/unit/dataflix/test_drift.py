from hypothesis import given, settings
from hypothesis import strategies as st

from dataflix.column_types import Kind
from dataflix.contracts import Contracts, Table
from dataflix.drift import DriftKind, Finding, SourceColumn, Structure, compare, drift, structures

TYPES = [kind.value for kind in Kind if kind is not Kind.NUMERIC] + ["numeric(2,1)", "numeric(10,2)"]


def things(**types: str) -> Table:
    """A contract; a type that ends in ``?`` is nullable."""
    columns = {
        name: {"type": type_.rstrip("?"), "nullable": type_.endswith("?"), "description": "Something"}
        for name, type_ in types.items()
    }
    return Table.model_validate({"table": "things", "description": "Things.", "key": ["id"], "columns": columns})


def source(*columns: SourceColumn, **types: str) -> Structure:
    return tuple(SourceColumn(name, type_.rstrip("?"), type_.endswith("?")) for name, type_ in types.items()) + columns


def as_its_contract(table: Table) -> Structure:
    return tuple(SourceColumn(column.name, str(column.type), column.nullable) for column in table.columns)


def kinds(findings: tuple[Finding, ...]) -> dict[str, DriftKind]:
    return {finding.column: finding.kind for finding in findings}


CONTRACT = things(id="bigint", name="text", stars="numeric(2,1)", liked="boolean?")


def test_a_source_that_is_as_its_contract_has_no_finding() -> None:
    assert compare(CONTRACT, as_its_contract(CONTRACT)) == ()


def test_a_column_that_was_added_is_reported_and_stops_nothing() -> None:
    (finding,) = compare(CONTRACT, (*as_its_contract(CONTRACT), SourceColumn("shoe_size", "integer", True, False)))
    assert (finding.kind, finding.column, finding.stops) == (DriftKind.ADDED, "shoe_size", False)
    assert "shoe_size (integer) of public.things is in no contract and is not published" in finding.message


def test_a_column_that_was_dropped_stops_its_table() -> None:
    (finding,) = compare(CONTRACT, source(id="bigint", name="text", stars="numeric(2,1)"))
    assert (finding.kind, finding.column, finding.stops) == (DriftKind.DROPPED, "liked", True)
    assert "add it again as boolean, or take it out of contracts/things.yml" in finding.message


def test_a_column_of_like_type_is_taken_for_the_renamed_one() -> None:
    found = source(id="bigint", name="text", stars="numeric(2,1)", note="text", thumb="boolean?")
    assert kinds(compare(CONTRACT, found)) == {"liked": DriftKind.RENAMED, "note": DriftKind.ADDED}
    (renamed, _) = compare(CONTRACT, found)
    assert "thumb of the same type is there, so it was probably renamed" in renamed.message


def test_of_two_candidates_the_one_that_is_published_was_renamed() -> None:
    """A publication follows a column through its renaming; a column that came later is not in it."""
    later, renamed = SourceColumn("fresh", "boolean", True, False), SourceColumn("thumb", "boolean", True, True)
    found = source(later, renamed, id="bigint", name="text", stars="numeric(2,1)")
    messages = {finding.column: finding.message for finding in compare(CONTRACT, found)}
    assert "thumb of the same type" in messages["liked"]
    assert "fresh" in messages


def test_a_retyped_column_stops_its_table_and_both_types_are_named() -> None:
    (finding,) = compare(CONTRACT, source(id="bigint", name="text", stars="numeric(4,2)", liked="boolean?"))
    assert (finding.kind, finding.stops) == (DriftKind.RETYPED, True)
    assert "stars of public.things is numeric(4,2) at the source and numeric(2,1) in its contract" in finding.message


def test_a_null_that_the_contract_does_not_expect_is_reported_and_the_other_way_round_is_no_contradiction() -> None:
    (finding,) = compare(CONTRACT, source(id="bigint", name="text?", stars="numeric(2,1)", liked="boolean"))
    assert (finding.kind, finding.column, finding.stops) == (DriftKind.NULLABILITY, "name", False)


def test_a_table_that_is_gone_stops() -> None:
    (finding,) = compare(CONTRACT, None)
    assert (finding.kind, finding.column, finding.stops) == (DriftKind.TABLE_GONE, "", True)


def test_a_table_that_left_the_publication_stops_for_dropping_a_column_with_cascade_takes_it_out() -> None:
    found = tuple(
        SourceColumn(column.name, column.type, column.nullable, False) for column in as_its_contract(CONTRACT)
    )
    (whole,) = compare(CONTRACT, found)
    assert (whole.kind, whole.column, whole.stops) == (DriftKind.UNPUBLISHED, "", True)
    (one,) = compare(CONTRACT, (*found[:1], *as_its_contract(CONTRACT)[1:]))
    assert (one.kind, one.column) == (DriftKind.UNPUBLISHED, "id")


def test_the_catalogue_is_read_in_the_words_of_contracts() -> None:
    rows = [
        ("public", "things", "id", "bigint", False, True),
        ("public", "things", "name", "character varying(40)", True, False),
        ("public", "things", "seen", "timestamp(3) with time zone", True, True),
        ("public", "things", "day", "timestamp without time zone", True, True),
        ("shop", "items", "id", "integer", False, True),
    ]
    assert structures(rows) == {
        "public.things": (
            SourceColumn("id", "bigint", False),
            SourceColumn("name", "text", True, False),
            SourceColumn("seen", "timestamptz", True),
            SourceColumn("day", "timestamp", True),
        ),
        "shop.items": (SourceColumn("id", "integer", False),),
    }


def test_each_table_is_compared_with_its_own() -> None:
    other = things(id="bigint").model_copy(update={"table": "others"})
    contracts = Contracts(tables=(CONTRACT, other), version="0")
    found = drift(contracts, {"public.others": source(id="integer"), "public.things": as_its_contract(CONTRACT)})
    assert [(finding.table, finding.kind) for finding in found] == [("others", DriftKind.RETYPED)]


columns = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(st.sampled_from(TYPES), st.booleans(), st.booleans()), max_size=8
)


@settings(max_examples=60)
@given(promised=columns, present=columns)
def test_every_difference_is_found_exactly_once(
    promised: dict[str, tuple[str, bool, bool]], present: dict[str, tuple[str, bool, bool]]
) -> None:
    table = things(id="bigint", **{name: type_ + "?" * null for name, (type_, null, _) in promised.items()})
    found = (
        SourceColumn("id", "bigint", False),
        *(SourceColumn(name, type_, null, published) for name, (type_, null, published) in present.items()),
    )
    by_kind: dict[DriftKind, list[str]] = {kind: [] for kind in DriftKind}
    for finding in compare(table, found):
        by_kind[finding.kind].append(finding.column)
    gone, new, both = promised.keys() - present.keys(), present.keys() - promised.keys(), promised.keys() & present
    assert sorted(by_kind[DriftKind.DROPPED] + by_kind[DriftKind.RENAMED]) == sorted(gone)
    # each renamed column used up one that was added
    assert len(by_kind[DriftKind.ADDED]) == len(new) - len(by_kind[DriftKind.RENAMED])
    assert set(by_kind[DriftKind.ADDED]) <= new
    assert set(by_kind[DriftKind.RETYPED]) == {name for name in both if promised[name][0] != present[name][0]}
    unpublished = any(not present[name][2] for name in both)
    assert bool(by_kind[DriftKind.UNPUBLISHED]) == unpublished


@settings(max_examples=60)
@given(promised=columns, present=columns)
def test_a_table_goes_on_exactly_when_every_promised_column_is_there_with_its_type_and_published(
    promised: dict[str, tuple[str, bool, bool]], present: dict[str, tuple[str, bool, bool]]
) -> None:
    table = things(id="bigint", **{name: type_ + "?" * null for name, (type_, null, _) in promised.items()})
    found = source(
        *(SourceColumn(name, type_, null, published) for name, (type_, null, published) in present.items()), id="bigint"
    )
    kept = all(
        name in present and present[name][0] == type_ and present[name][2] for name, (type_, _, _) in promised.items()
    )
    assert any(finding.stops for finding in compare(table, found)) is not kept
