"""Values of columns: what Debezium writes, what masked events hold, and what is refused without being told."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflix.column_types import ColumnType
from dataflix.contracts import Column
from dataflix.errors import MalformedEvent
from dataflix.values import UNAVAILABLE, UnavailableValue, UnfitValue, decoder, iso_timestamp

PLACEHOLDER_TYPES = ["text", "numeric(5,2)", "uuid", "timestamptz", "bigint", "double precision"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decode(of: str, value: Any) -> Any:
    return decoder(Column(name="subject", type=ColumnType.parse(of), description="Under test"))(value)


@pytest.mark.parametrize(
    ("of", "value", "canonical"),
    [
        ("smallint", -32_768, -32_768),
        ("smallint", 32_767, 32_767),
        ("integer", -(2**31), -(2**31)),
        ("bigint", 2**63 - 1, 2**63 - 1),
        ("bigint", -(2**63), -(2**63)),
        ("boolean", False, False),
        ("text", "", ""),
        ("text", "naïve 🎬 \u0000", "naïve 🎬 \u0000"),
        ("numeric(2,1)", "4.5", "4.5"),
        ("numeric(2,1)", "0.5", "0.5"),
        ("numeric(2,1)", "4", "4.0"),
        ("numeric(2,1)", "-9.9", "-9.9"),
        ("numeric(10,8)", "1E-8", "0.00000001"),
        ("numeric(5,0)", "12345", "12345"),
        ("numeric(3,3)", "0.125", "0.125"),
        ("numeric(76,38)", f"{'9' * 38}.{'9' * 38}", f"{'9' * 38}.{'9' * 38}"),
        ("double precision", 1.5, 1.5),
        ("double precision", 3, 3.0),
        ("double precision", "NaN", "NaN"),
        ("double precision", "-Infinity", "-Infinity"),
        ("date", 0, "1970-01-01"),
        ("date", 20_455, "2026-01-02"),
        ("date", -25_567, "1900-01-01"),
        ("timestamp", 1_767_323_045_123_456, "2026-01-02T03:04:05.123456Z"),
        ("timestamp", -1, "1969-12-31T23:59:59.999999Z"),
        ("timestamptz", "2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123456Z"),
        ("timestamptz", "2026-01-02 03:04:05.123456Z", "2026-01-02T03:04:05.123456Z"),
        ("timestamptz", "2026-W01-5T03:04:05.123456Z", "2026-01-02T03:04:05.123456Z"),
        ("timestamptz", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
        ("timestamptz", "2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100000Z"),
        ("timestamptz", "2026-01-02T05:34:05.1+02:30", "2026-01-02T03:04:05.100000Z"),
        ("timestamptz", "2299-12-31T23:59:59.999999Z", "2299-12-31T23:59:59.999999Z"),
        ("uuid", "0b9ba4ad-64d7-4a4e-9fcd-3d7e8ae7bdbd", "0b9ba4ad-64d7-4a4e-9fcd-3d7e8ae7bdbd"),
    ],
)
def test_a_value_of_its_type_becomes_canonical(of: str, value: Any, canonical: Any) -> None:
    decoded = decode(of, value)
    assert (decoded, type(decoded)) == (canonical, type(canonical))


@pytest.mark.parametrize(
    ("of", "value"),
    [
        ("smallint", 32_768),
        ("integer", 2**31),
        ("bigint", 2**63),
        ("bigint", -(2**63) - 1),
        ("bigint", 1.0),
        ("bigint", "7"),
        ("bigint", True),
        ("boolean", 1),
        ("boolean", "true"),
        ("text", 7),
        ("text", ["a"]),
        ("numeric(2,1)", "4.55"),
        ("numeric(2,1)", "10"),
        ("numeric(2,1)", "NaN"),
        ("numeric(2,1)", "Infinity"),
        ("numeric(2,1)", "four"),
        ("numeric(2,1)", ""),
        ("numeric(2,1)", 4.5),
        ("numeric(2,1)", "1E+400000000"),
        ("double precision", "1.5"),
        ("double precision", True),
        ("date", "2026-01-02"),
        ("date", 2_147_483_647),  # infinity
        ("date", -25_568),  # a day before ClickHouse's first
        ("timestamp", 9_223_372_036_825_200_000),  # infinity
        ("timestamp", "2026-01-02T03:04:05Z"),
        ("timestamptz", "+292278994-08-17T07:12:55Z"),  # infinity
        ("timestamptz", "2026-01-02T03:04:05"),
        ("timestamptz", "2300-01-01T00:00:00Z"),
        ("timestamptz", "2300-01-01T00:00:00.000000Z"),
        ("timestamptz", "2026-02-30T00:00:00.000000Z"),
        ("timestamptz", "1899-12-31T23:59:59.999999Z"),
        ("timestamptz", "9999-12-31T23:59:59-14:00"),
        ("timestamptz", "yesterday"),
        ("timestamptz", 0),
        ("uuid", "0B9BA4AD-64D7-4A4E-9FCD-3D7E8AE7BDBD"),
        ("uuid", "no"),
        ("uuid", 7),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(of: str, value: Any) -> None:
    with pytest.raises(UnfitValue, match=r"The column subject holds .* that is no "):
        decode(of, value)


@pytest.mark.parametrize("of", PLACEHOLDER_TYPES)
def test_the_placeholder_of_an_unchanged_large_value_is_never_taken_for_one(of: str) -> None:
    with pytest.raises(UnavailableValue, match="subject"):
        decode(of, UNAVAILABLE)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(min_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*PLACEHOLDER_TYPES, "smallint", "boolean", "date", "timestamp"]), json_values)
def test_a_refusal_is_a_malformed_event_that_does_not_tell_the_value(of: str, value: Any) -> None:
    told = ""
    try:
        decode(of, value)
    except MalformedEvent as error:
        told = str(error).replace("subject", "").replace(of, "")
    assert not isinstance(value, str) or value not in told


@given(st.decimals(-999, 999, places=2))
def test_a_numeric_keeps_its_value_and_always_shows_its_scale(number: Decimal) -> None:
    shown = decode("numeric(5,2)", str(number))
    assert Decimal(shown) == number
    assert len(shown.partition(".")[2]) == 2


@given(st.integers(-2_208_988_800_000_000, 10_413_791_999_999_999))
def test_timestamps_keep_every_microsecond(microseconds: int) -> None:
    moment = EPOCH + timedelta(microseconds=microseconds)
    assert datetime.fromisoformat(iso_timestamp(microseconds)) == moment
    assert decode("timestamp", microseconds) == iso_timestamp(microseconds)
    assert decode("timestamptz", moment.isoformat()) == iso_timestamp(microseconds)


@given(st.dates(date(1900, 1, 1), date(2299, 12, 31)))
def test_days_since_1970_become_dates(day: date) -> None:
    assert decode("date", (day - date(1970, 1, 1)).days) == day.isoformat()
