"""A verification as a table for people and as JSON for programs."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from clickhouse.reconciliation.comparison import Comparison, Difference
from clickhouse.reconciliation.verification import Verification

NAMED_AT_MOST = 10  # rows of a table
_SHOWN_OF_A_CHECKSUM = 12


def as_json(verification: Verification) -> dict[str, Any]:
    """``{"equal", "tables": {name: {"source_rows", "raw_rows", ..., "differing", "keys"}}, "seconds"}``.

    The checksums of a table that moved while it was read are null.
    """
    return {
        "equal": verification.equal,
        "tables": {name: _table_as_json(comparison) for name, comparison in verification.tables.items()},
        "seconds": round(verification.seconds, 3),
    }


def as_text(verification: Verification) -> RenderableType:
    """A line for each table, and below it a line for each row that is named."""
    grid = Grid("table", box=None, header_style="bold", pad_edge=False)
    for heading in ("source rows", "raw rows", "differing"):
        grid.add_column(heading, justify="right")
    grid.add_column("checksum of the source")
    grid.add_column("of raw")
    for name, comparison in verification.tables.items():
        grid.add_row(
            name,
            f"{comparison.source_rows:,}",
            f"{comparison.raw_rows:,}",
            Text(f"{comparison.differing:,}", style="green" if comparison.equal else "red"),
            _shown(comparison.source_checksum),
            _shown(comparison.raw_checksum),
        )
    named = [
        Text(f"{name} {_named(difference)}")
        for name, comparison in verification.tables.items()
        for difference in comparison.differences[:NAMED_AT_MOST]
    ]
    verdict = "Source and raw are equal" if verification.equal else "Source and raw differ"
    return Group(grid, *named, Text(f"{verdict} ({verification.seconds:.1f} s)."))


def _table_as_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "source_rows": comparison.source_rows,
        "raw_rows": comparison.raw_rows,
        "source_checksum": comparison.source_checksum,
        "raw_checksum": comparison.raw_checksum,
        "differing": comparison.differing,
        "keys": [difference.key for difference in comparison.differences[:NAMED_AT_MOST]],
    }


def _shown(checksum: str | None) -> str:
    return "moving" if checksum is None else checksum[:_SHOWN_OF_A_CHECKSUM]


def _named(difference: Difference) -> str:
    key = ", ".join(f"{name} {value}" for name, value in difference.key.items())
    columns = f" of {', '.join(difference.columns)}" if difference.columns else ""
    return f"{key}: {difference.kind}{columns}"
