import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickhouse.reconciliation import orders
from clickhouse.reconciliation.comparison import Difference, Kind
from dataflix.change_events import Operation, parse_change
from dataflix.contracts import Table
from dataflix.preparation import compile_prepare
from dataflix.versions import RowVersion

FENCE = 5_000  # position of the log before the commit of a repair's own


def a_contract(*key: str, **columns: str) -> Table:
    described = {name: {"type": type_, "description": "Any"} for name, type_ in columns.items()}
    return Table.model_validate({"table": "tags", "description": "Any", "key": key, "columns": described})


TAGS = a_contract("tag_id", tag_id="bigint", tag="text")


def missing(**key: int | str) -> Difference:
    return Difference(key, Kind.MISSING)


def test_a_signal_names_exactly_the_rows_that_differ() -> None:
    condition = orders.names_rows(TAGS, [missing(tag_id=7), missing(tag_id=-8)]).as_string(None)
    assert condition == """("tag_id") IN (('7'::bigint), ('-8'::bigint))"""
    assert json.loads(orders.read_again(TAGS, condition)) == {
        "type": "incremental",
        "data-collections": ["public.tags"],
        "additional-conditions": [{"data-collection": "public.tags", "filter": condition}],
    }


def test_a_key_of_several_columns_is_quoted_and_typed() -> None:
    table = a_contract("label", "at", label="text", at="timestamptz")
    condition = orders.names_rows(table, [missing(label="it's", at="2026-01-02 03:04:05.000000")]).as_string(None)
    assert condition == """("label", "at") IN (('it''s'::text, '2026-01-02 03:04:05.000000+00'::timestamptz))"""


def test_a_deletion_is_an_event_like_debeziums() -> None:
    key, value = orders.deletion(TAGS, {"tag_id": 7}, FENCE, 1_700_000_000_000_000)
    assert key == b'{"tag_id":7}'
    change = parse_change(value)
    assert (change.operation, change.row, change.source) == (Operation.DELETE, {"tag_id": 7}, "public.tags")
    row = orjson.loads(compile_prepare(TAGS, b"")(value, 0, 0).value)
    assert (row["tag_id"], row["_deleted"]) == (7, 1)


@given(st.integers(0, FENCE - 1), st.integers(0, FENCE), st.integers(1, 2**40), st.integers(1, 2**40))
def test_a_deletion_beats_what_was_there_and_loses_against_what_comes(
    commit_before: int, lsn_before: int, commit_after: int, lsn_after: int
) -> None:
    _, value = orders.deletion(TAGS, {"tag_id": 7}, FENCE, 0)
    version = parse_change(value).version(epoch=1)
    assert RowVersion(1, commit_before, True, lsn_before) < version
    assert version < RowVersion(1, FENCE + commit_after, True, lsn_after)
    assert version < RowVersion(1, FENCE + commit_after, False, 0)
    assert version < RowVersion(2, 0, True, lsn_after)


@pytest.mark.parametrize(("type_", "possible"), [("bigint", True), ("uuid", True), ("text", True), ("date", False)])
def test_only_keys_that_everybody_spells_alike_are_plain(type_: str, *, possible: bool) -> None:
    assert orders.has_plain_key(a_contract("k", k=type_)) is possible
