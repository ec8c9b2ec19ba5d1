"""Debezium's envelope, and everything that only looks like it."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflix.change_events import BrokenEnvelope, Operation, UnknownOperation, UnreadableEvent, parse_change
from dataflix.errors import MalformedEvent
from tests.debezium import COMMITTED_US, a_rating, an_envelope, an_event


@pytest.mark.parametrize("op", ["r", "c", "u", "d"])
def test_an_envelope_is_read(op: str) -> None:
    change = parse_change(an_event(a_rating(7), op=op, commit=1_000, lsn=1_100, txid=771))
    assert change.operation is Operation(op)
    assert change.row == a_rating(7)
    assert (change.source, change.commit_lsn, change.lsn) == ("public.ratings", 1_000, 1_100)
    assert (change.txid, change.committed_us) == (771, COMMITTED_US)
    assert change.version(2).is_change is (op != "r")


def test_before_the_first_commit_the_position_is_zero() -> None:
    assert parse_change(an_event(a_rating(), commit=None)).commit_lsn == 0


def test_a_change_outside_of_a_transaction_has_no_number() -> None:
    assert parse_change(an_event(a_rating(), txid=None)).txid is None


@pytest.mark.parametrize("op", ["t", "m", "x", "", "cc"])
def test_an_operation_that_says_nothing_about_one_row_is_refused(op: str) -> None:
    with pytest.raises(UnknownOperation):
        parse_change(an_event(a_rating(), op=op))


@pytest.mark.parametrize(
    "value", [b"", b"{", b"\x00", b"\xff\xfe", b'{"op": NaN}', b'{"a": 1} trailing', b"[" * 5_000, b'{"a":' * 5_000]
)
def test_what_is_not_json_is_refused(value: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        parse_change(value)


def without(envelope: dict[str, Any], *path: str) -> dict[str, Any]:
    *parents, last = path
    target = envelope
    for parent in parents:
        target = target[parent]
    del target[last]
    return envelope


@pytest.mark.parametrize(
    "path",
    [("op",), ("after",), ("source",)] + [("source", name) for name in ("schema", "table", "sequence", "lsn", "ts_us")],
)
def test_an_envelope_without_a_part_is_refused(path: tuple[str, ...]) -> None:
    with pytest.raises(BrokenEnvelope, match=path[-1]):
        parse_change(orjson.dumps(without(an_envelope(a_rating()), *path)))


def test_a_delete_without_a_before_image_is_refused() -> None:
    with pytest.raises(BrokenEnvelope, match="before"):
        parse_change(an_event(None, op="d"))


def test_a_row_of_an_incremental_snapshot_has_no_position_and_loses_to_a_change_of_the_same_commit() -> None:
    envelope = orjson.loads(an_event(a_rating(7), op="r", commit=1_000))
    envelope["source"] |= {"lsn": None, "txId": None, "sequence": '["1000","1000"]'}
    read = parse_change(orjson.dumps(envelope))
    assert (read.commit_lsn, read.lsn, read.txid) == (1_000, 0, None)
    assert read.version(0) < parse_change(an_event(a_rating(7), op="u", commit=1_000, lsn=1_001)).version(0)


@pytest.mark.parametrize("sequence", ["", "[]", "{}", "7", '["x","1"]', '[{},"1"]'])
def test_positions_that_are_none_are_refused(sequence: str) -> None:
    envelope = an_envelope(a_rating())
    envelope["source"]["sequence"] = sequence
    with pytest.raises(BrokenEnvelope, match="sequence"):
        parse_change(orjson.dumps(envelope))


scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=9)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
)


@given(anything)
def test_any_other_json_is_refused_as_malformed(value: Any) -> None:
    with pytest.raises(MalformedEvent):
        parse_change(orjson.dumps(value))


@given(st.sampled_from(["op", "source", "after"]), anything)
def test_a_part_of_any_type_is_read_or_refused_and_never_crashes(name: str, value: Any) -> None:
    envelope = an_envelope(a_rating()) | {name: value}
    with suppress(MalformedEvent):
        assert parse_change(orjson.dumps(envelope)).source == "public.ratings"
