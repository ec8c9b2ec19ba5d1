"""Column values: from Debezium's JSON to the canonical JSON of masked events.

Canonical: integers and booleans as JSON, ``numeric`` as a string with every digit of its scale ("4.50"), timestamps as
ISO 8601 in UTC with microseconds ("2026-01-02T03:04:05.123456Z"), dates as "2026-01-02", doubles as JSON numbers or
"NaN", "Infinity", "-Infinity". The connector is set to ``decimal.handling.mode=string`` and adaptive time precision.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, DecimalException, localcontext
from functools import lru_cache
from typing import Any, TypeVar

from dataflix.column_types import MAX_PRECISION, ColumnType, Kind
from dataflix.contracts import Column
from dataflix.errors import MalformedEvent

JsonScalar = str | int | float | bool | None
Decode = Callable[[Any], JsonScalar]
Day = TypeVar("Day", date, datetime)

UNAVAILABLE = "__debezium_unavailable_value"  # stands for a large value that an update left alone
INTEGER_BITS = {Kind.SMALLINT: 16, Kind.INTEGER: 32, Kind.BIGINT: 64}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
SPECIAL_DOUBLES = ("NaN", "Infinity", "-Infinity")
_CANONICAL_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", re.ASCII)
_DAY_ZERO = date(1970, 1, 1)
_MIDNIGHT_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
# What ClickHouse's Date32 and DateTime64 hold; PostgreSQL's infinities lie outside.
_FIRST_YEAR, _LAST_YEAR = 1900, 2299
_JSON_TYPES = {str: "a string", int: "an integer", float: "a float", bool: "a boolean", dict: "an object"}
_EXACT = Context(prec=2 * MAX_PRECISION)
UNFIT = (ValueError, TypeError, OverflowError, DecimalException)


class UnfitValue(MalformedEvent):
    """A value that its column's type cannot hold."""


class UnavailableValue(MalformedEvent):
    """Debezium's placeholder for an unchanged large value: storing it would overwrite the value itself."""


def iso_timestamp(microseconds: int) -> str:
    """Microseconds since 1970 in UTC as a canonical timestamp. Raises OverflowError outside of years 1900 to 2299."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return f"{_iso_second(seconds)}.{fraction:06}Z"


@lru_cache(maxsize=4096)  # much is committed within one second
def _iso_second(seconds: int) -> str:
    return _in_range(_MIDNIGHT_ZERO + timedelta(seconds=seconds)).isoformat()[:19]


def decoder(column: Column) -> Decode:
    """The function that turns one non-null value of ``column`` as Debezium writes it into its canonical JSON.

    It raises UnfitValue or UnavailableValue, naming column and types, never the value.
    """
    decode = decode_of(column.type)

    def checked(value: Any) -> JsonScalar:
        try:
            return decode(value)
        except UNFIT:
            raise refusal(column, value) from None

    return checked


def refusal(column: Column, value: Any) -> MalformedEvent:
    """Why ``value``, for which `decode_of` raised one of UNFIT, is none of the column's."""
    if value == UNAVAILABLE:
        return UnavailableValue(
            f"The column {column.name} holds the placeholder of an unchanged large value: "
            "the connector has to read such values again before it publishes them."
        )
    kind = _JSON_TYPES.get(type(value), "an array")
    return UnfitValue(f"The column {column.name} holds {kind} that is no {column.type} of raw's range.")


def decode_of(of: ColumnType) -> Decode:
    """`decoder` as it is before errors are put into words: of a value that does not fit it raises one of UNFIT."""
    if of.kind in INTEGER_BITS:
        return _integer(INTEGER_BITS[of.kind])
    if of.kind is Kind.NUMERIC:
        return _numeric(of)
    return _PLAIN[of.kind]


def _integer(bits: int) -> Decode:
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1

    def decode(value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        raise ValueError

    return decode


def numeric_pattern(of: ColumnType) -> str:
    """The regular expression that a canonical ``numeric`` matches whole, in the dialect of JSON Schema too."""
    whole_digits = of.precision - of.scale
    whole = f"(?:0|[1-9][0-9]{{0,{whole_digits - 1}}})" if whole_digits else "0"
    return f"-?{whole}" + (rf"\.[0-9]{{{of.scale}}}" if of.scale else "")


def _numeric(of: ColumnType) -> Decode:
    precision, scale = of.precision, of.scale
    canonical = re.compile(numeric_pattern(of))
    unit = Decimal(1).scaleb(-scale)
    limit = Decimal(1).scaleb(precision - scale)

    def decode(value: Any) -> str:
        if type(value) is not str:
            raise TypeError
        if canonical.fullmatch(value):
            return value
        with localcontext(_EXACT):  # another spelling of the same number, such as 1E-8
            number = Decimal(value)
            exact = number.quantize(unit)
            if exact != number or abs(exact) >= limit:
                raise ValueError
            return f"{exact:f}"

    return decode


def _boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise TypeError


def _text(value: Any) -> str:
    if type(value) is str and value != UNAVAILABLE:
        return value
    raise TypeError


def _double(value: Any) -> float | str:
    if type(value) is float or type(value) is int:
        return float(value)
    if type(value) is str and value in SPECIAL_DOUBLES:
        return value
    raise TypeError


def _date(value: Any) -> str:
    """Days since 1970."""
    if type(value) is not int:
        raise TypeError
    return _in_range(_DAY_ZERO + timedelta(days=value)).isoformat()


def _timestamp(value: Any) -> str:
    """Microseconds since 1970 on a clock without a zone, which raw reads as UTC."""
    if type(value) is not int:
        raise TypeError
    return iso_timestamp(value)


def _timestamptz(value: Any) -> str:
    moment = datetime.fromisoformat(value)
    if _CANONICAL_MOMENT.fullmatch(value):  # as nearly all are: what no digit of its microseconds was cut from
        _in_range(moment)
        return str(value)
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError
        moment = moment.astimezone(UTC)
    return _in_range(moment).isoformat(timespec="microseconds")[:26] + "Z"


def _uuid(value: Any) -> str:
    if _UUID.fullmatch(value):
        return str(value)
    raise ValueError


def _in_range(day: Day) -> Day:
    if _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return day
    raise OverflowError


_PLAIN: dict[Kind, Decode] = {
    Kind.BOOLEAN: _boolean,
    Kind.TEXT: _text,
    Kind.DOUBLE: _double,
    Kind.DATE: _date,
    Kind.TIMESTAMP: _timestamp,
    Kind.TIMESTAMPTZ: _timestamptz,
    Kind.UUID: _uuid,
}
