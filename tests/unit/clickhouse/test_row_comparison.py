from collections.abc import Iterator, Mapping

from hypothesis import given
from hypothesis import strategies as st

from clickhouse.reconciliation.canonical import Block, Row
from clickhouse.reconciliation.comparison import Comparison, Difference, Kind, compare
from dataflix.contracts import Table

RATINGS = Table.model_validate(
    {
        "table": "ratings",
        "description": "Ratings.",
        "key": ["rating_id"],
        "columns": {
            "rating_id": {"type": "bigint", "description": "Number"},
            "stars": {"type": "text", "nullable": True, "description": "Stars"},
            "liked": {"type": "boolean", "nullable": True, "description": "Thumb"},
        },
    }
)
Values = Mapping[int, tuple[str | None, str | None]]
VALUES = st.tuples(st.sampled_from([None, "", "4", "null"]), st.sampled_from([None, "true", "false"]))
TABLES = st.dictionaries(st.integers(-20, 20), VALUES, max_size=25)


def blocks(table: Values, size: int = 3) -> Iterator[Block]:
    rows: list[Row] = [(str(key), *table[key]) for key in sorted(table)]
    yield []
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def compared(source: Values, raw: Values) -> Comparison:
    return compare(RATINGS, blocks(source), blocks(raw))


@given(TABLES, TABLES)
def test_exactly_the_keys_that_differ_are_found(source: Values, raw: Values) -> None:
    differing = [key for key in sorted({*source, *raw}) if source.get(key) != raw.get(key)]
    comparison = compared(source, raw)
    assert comparison.differing == len(differing)
    assert [difference.key["rating_id"] for difference in comparison.differences] == differing
    assert (comparison.source_rows, comparison.raw_rows) == (len(source), len(raw))
    assert (comparison.source_checksum == comparison.raw_checksum) == comparison.equal == (source == raw)


@given(TABLES, TABLES, TABLES, TABLES)
def test_looking_again_at_what_differed_counts_as_looking_at_all(
    source: Values, raw: Values, later: Values, later_raw: Values
) -> None:
    first = compared(source, raw)
    keys = {difference.key["rating_id"] for difference in first.differences}
    there, here = ({key: side[key] for key in side if key in keys} for side in (later, later_raw))
    again = first.after(compared(there, here))
    rest = {key: value for key, value in source.items() if key not in keys}
    whole = compared(rest | there, rest | here)
    assert (again.source_rows, again.raw_rows) == (whole.source_rows, whole.raw_rows)
    assert (again.differing, again.differences) == (whole.differing, whole.differences)


def test_what_is_too_much_to_be_known_is_counted() -> None:
    comparison = compare(RATINGS, blocks(dict.fromkeys(range(5), ("4", None))), blocks({}), known_at_most=3)
    assert (comparison.differing, len(comparison.differences), comparison.is_complete) == (5, 3, False)


@given(TABLES, st.integers(1, 7), st.integers(1, 7))
def test_where_blocks_end_makes_no_difference(table: Values, size: int, other_size: int) -> None:
    comparison = compare(RATINGS, blocks(table, size), blocks(table, other_size))
    assert comparison.equal
    assert comparison.source_checksum == comparison.raw_checksum


def test_a_missing_an_extra_and_a_changed_row_are_told_apart_and_columns_are_named() -> None:
    source = {1: ("4", "true"), 2: ("5", None), 3: ("1", None)}
    raw = {2: ("5", "false"), 3: ("1", None), 9: ("2", None)}
    assert compared(source, raw).differences == (
        Difference({"rating_id": 1}, Kind.MISSING),
        Difference({"rating_id": 2}, Kind.CHANGED, ("liked",)),
        Difference({"rating_id": 9}, Kind.EXTRA),
    )


def test_null_is_not_the_empty_text() -> None:
    comparison = compared({1: (None, None)}, {1: ("", None)})
    assert comparison.differences == (Difference({"rating_id": 1}, Kind.CHANGED, ("stars",)),)
