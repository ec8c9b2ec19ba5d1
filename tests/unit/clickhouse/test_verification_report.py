import io

from rich.console import Console

from clickhouse.reconciliation.comparison import Comparison, Difference, Kind
from clickhouse.reconciliation.report import as_json, as_text
from clickhouse.reconciliation.verification import Verification

RATINGS = Comparison(
    source_rows=1_000,
    raw_rows=999,
    source_checksum="5" * 32,
    raw_checksum="a" * 32,
    differing=2,
    differences=(Difference({"rating_id": 7}, Kind.MISSING), Difference({"rating_id": 8}, Kind.CHANGED, ("liked",))),
)


def test_programs_get_counts_checksums_and_keys() -> None:
    assert as_json(Verification({"ratings": RATINGS}, 1.23456)) == {
        "equal": False,
        "tables": {
            "ratings": {
                "source_rows": 1_000,
                "raw_rows": 999,
                "source_checksum": "5" * 32,
                "raw_checksum": "a" * 32,
                "differing": 2,
                "keys": [{"rating_id": 7}, {"rating_id": 8}],
            }
        },
        "seconds": 1.235,
    }


def test_a_table_that_moved_while_it_was_read_has_no_checksums() -> None:
    moved = RATINGS.after(Comparison(2, 2, "b" * 32, "b" * 32, 0, ()))
    screen = io.StringIO()
    Console(file=screen, width=120).print(as_text(Verification({"ratings": moved}, 1.2)))
    assert "moving" in screen.getvalue()
    told = as_json(Verification({"ratings": moved}, 1.2))["tables"]["ratings"]
    assert (told["source_checksum"], told["source_rows"], told["raw_rows"], told["keys"]) == (None, 1_000, 1_000, [])


def test_people_are_told_which_rows_differ_and_how() -> None:
    screen = io.StringIO()
    Console(file=screen, width=120).print(as_text(Verification({"ratings": RATINGS}, 1.2)))
    text = screen.getvalue()
    assert "ratings rating_id 7: missing in raw" in text
    assert "ratings rating_id 8: another value of liked" in text
    assert "Source and raw differ (1.2 s)." in text
