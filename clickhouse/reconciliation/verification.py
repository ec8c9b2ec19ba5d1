"""Comparing again until the tables agree: the source moves while it is read, and the stream is a moment behind it.

A table is read whole once. Of the rows that differed, only these are read again, so that one that never rests comes to
its end as well: each of its rows has been equal at some moment after the start.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tenacity

from clickhouse.reconciliation import orders
from clickhouse.reconciliation.canonical import Finisher, finish
from clickhouse.reconciliation.comparison import Comparison, compare
from clickhouse.reconciliation.raw_side import raw_rows
from clickhouse.reconciliation.source_side import source_snapshot
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.contracts import Table
from dataflix.settings import Settings

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # seconds

Comparisons = dict[str, Comparison]
Once = Callable[[Sequence[Table], Comparisons], Comparisons]
"""Compares tables, given what was found of them before."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The last comparison of each table, by name, and how many seconds it all took."""

    tables: Comparisons
    seconds: float

    @property
    def equal(self) -> bool:
        return all(comparison.equal for comparison in self.tables.values())


def compare_once(settings: Settings, tables: Sequence[Table], before: Comparisons | None = None) -> Comparisons:
    """Compare ``tables`` of the source, all as of one moment, with raw as it is after that moment.

    Of a table that was compared ``before``, only the rows that differed are read, if all of them are known.
    Raises SourceUnavailable, SettingsError or ContractViolation when a side cannot be read.
    """
    masking_key = settings.masking_key.get_secret_value().encode()
    comparisons: Comparisons = {}
    with clickhouse(settings, ClickHouseUser.VERIFIER) as client, source_snapshot(settings) as read_source:
        for table in tables:
            finisher = Finisher.of(table, masking_key)
            known = (before or {}).get(table.name)
            if known is not None and not (known.is_complete and orders.has_plain_key(table)):
                known = None
            differences = known.differences if known else None
            found = compare(
                table,
                (finish(block, finisher.source) for block in read_source(table, differences)),
                (finish(block, finisher.raw) for block in raw_rows(settings, client, table, differences)),
            )
            comparisons[table.name] = known.after(found) if known else found
    return comparisons


def verify(tables: Sequence[Table], seconds: float, once: Once) -> Verification:
    """Compare with ``once`` until every table has been found equal or ``seconds`` have passed.

    A table that was equal is not read again: it agreed at a moment after the start, and the others catch up.
    """
    started = time.monotonic()
    latest: Comparisons = {}

    def attempt() -> bool:
        due = [table for table in tables if table.name not in latest or not latest[table.name].equal]
        latest.update(once(due, latest))
        return all(latest[table.name].equal for table in tables)

    tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda equal: not equal),
        stop=tenacity.stop_before_delay(seconds),
        wait=tenacity.wait_exponential(_FIRST_PAUSE, max=_LONGEST_PAUSE),
        retry_error_callback=lambda _: False,
    )(attempt)
    return Verification({table.name: latest[table.name] for table in tables}, time.monotonic() - started)
