"""Hundreds of kinds of malformed event: each is refused as one, in words that quote nothing of it."""

from pathlib import Path
from typing import Any

import pytest

from dataflix.contracts import Table, load_contracts
from dataflix.errors import MalformedEvent
from dataflix.preparation import compile_prepare
from tests.debezium import an_event
from tests.integration.screenings import CONTRACT, an_unmistakable_screening
from tests.malformed_events import MARK, NUMBER, malformed_events


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """One with a column of every type."""
    folder: Path = tmp_path_factory.mktemp("contracts")
    (folder / "screenings.yml").write_text(CONTRACT.format(name="screenings"))
    return load_contracts(folder).table("screenings")


def test_each_of_500_kinds_is_refused_without_a_word_of_what_it_holds(table: Table) -> None:
    prepare = compile_prepare(table, b"a masking key")
    row: dict[str, Any] = an_unmistakable_screening()
    assert prepare(an_event(row, table=table.name), 0, 0)
    events = malformed_events(table, row)
    assert len(set(events.values())) == len(events) >= 500
    taken, crashed, told = [], [], []
    for name, value in events.items():
        try:
            prepare(value, 0, 0)
            taken.append(name)
        except MalformedEvent as error:
            if MARK in str(error) or NUMBER in str(error):
                told.append((name, str(error)))
        except Exception as error:
            crashed.append((name, type(error).__name__))
    assert (taken, crashed, told) == ([], [], [])
