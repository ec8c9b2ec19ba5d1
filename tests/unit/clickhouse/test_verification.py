from collections.abc import Sequence

from clickhouse.reconciliation.comparison import Comparison
from clickhouse.reconciliation.verification import Comparisons, Once, verify
from dataflix.contracts import Table

EQUAL = Comparison(1, 1, "a", "a", 0, ())
BEHIND = Comparison(2, 1, "b", "a", 1, ())


def a_table(name: str) -> Table:
    columns = {"id": {"type": "bigint", "description": "Number"}}
    return Table.model_validate({"table": name, "description": "Any.", "key": ["id"], "columns": columns})


MOVIES, RATINGS = a_table("movies"), a_table("ratings")


def replies(*attempts: Comparisons) -> tuple[Once, list[list[str]]]:
    """Comparisons that are given one after another, the last one for ever; and which tables were asked for."""
    asked: list[list[str]] = []

    def once(tables: Sequence[Table], _before: Comparisons) -> Comparisons:
        asked.append([table.name for table in tables])
        attempt = attempts[min(len(asked), len(attempts)) - 1]
        return {name: attempt[name] for name in asked[-1]}

    return once, asked


def test_tables_that_are_equal_are_read_once() -> None:
    once, asked = replies({"movies": EQUAL, "ratings": EQUAL})
    assert verify([MOVIES, RATINGS], 10, once).equal
    assert asked == [["movies", "ratings"]]


def test_a_table_that_is_behind_is_compared_again_and_only_that_one() -> None:
    once, asked = replies({"movies": EQUAL, "ratings": BEHIND}, {"ratings": BEHIND}, {"ratings": EQUAL})
    verification = verify([MOVIES, RATINGS], 10, once)
    assert verification.equal
    assert list(verification.tables) == ["movies", "ratings"]
    assert asked == [["movies", "ratings"], ["ratings"], ["ratings"]]


def test_after_its_time_a_verification_says_what_still_differs() -> None:
    once, asked = replies({"movies": EQUAL, "ratings": BEHIND})
    verification = verify([MOVIES, RATINGS], 0.5, once)
    assert not verification.equal
    assert verification.tables["ratings"] == BEHIND
    assert verification.seconds < 5
    assert len(asked) > 1


def test_without_any_time_tables_are_compared_once() -> None:
    once, asked = replies({"movies": BEHIND})
    assert not verify([MOVIES], 0, once).equal
    assert len(asked) == 1
