"""Rows as Debezium writes them: any that a contract lets in."""

from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

from hypothesis import strategies as st

from dataflix.column_types import MAX_PRECISION, ColumnType, Kind
from dataflix.contracts import Column, Masking, Table
from dataflix.values import INTEGER_BITS, SPECIAL_DOUBLES, UNAVAILABLE

FIRST_DAY, LAST_DAY = -25_567, 120_529  # 1900-01-01 and 2299-12-31, in days since 1970
FIRST, LAST = datetime(1900, 1, 1), datetime(2299, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001 - Hypothesis adds zones
DAY_US = 86_400 * 1_000_000

_PLAIN: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.BOOLEAN: st.booleans(),
    Kind.TEXT: st.text().filter(lambda text: text != UNAVAILABLE),
    Kind.DOUBLE: st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(SPECIAL_DOUBLES),
    Kind.DATE: st.integers(FIRST_DAY, LAST_DAY),
    Kind.TIMESTAMP: st.integers(FIRST_DAY * DAY_US, (LAST_DAY + 1) * DAY_US - 1),
    Kind.TIMESTAMPTZ: st.datetimes(FIRST, LAST, timezones=st.just(UTC)).map(
        lambda moment: moment.isoformat().replace("+00:00", "Z")
    ),
    Kind.UUID: st.uuids().map(str),
}


def rows(table: Table) -> st.SearchStrategy[dict[str, Any]]:
    """Rows of the table, before they are masked."""
    return st.fixed_dictionaries({column.name: _values(column) for column in table.columns})


def a_table_of_everything() -> Table:
    """Every type, with and without null, and every masking."""
    types = [str(kind) for kind in Kind if kind is not Kind.NUMERIC]
    types += ["numeric(2,1)", "numeric(5,0)", "numeric(3,3)", f"numeric({MAX_PRECISION},38)"]
    columns: dict[str, Any] = {"id": {"type": "bigint"}, "part": {"type": "text"}}
    for number, type_ in enumerate(types):
        columns[f"needed_{number}"] = {"type": type_}
        columns[f"optional_{number}"] = {"type": type_, "nullable": True}
    for masking in Masking:
        columns[f"masked_{masking}"] = {"type": "text", "mask": masking}
        columns[f"optional_{masking}"] = {"type": "text", "mask": masking, "nullable": True}
    described = {name: rest | {"description": f"About {name}"} for name, rest in columns.items()}
    return Table.model_validate(
        {"table": "everything", "description": "All types", "key": ["id", "part"], "columns": described}
    )


def _values(column: Column) -> st.SearchStrategy[Any]:
    values = _of_type(column.type)
    return st.none() | values if column.nullable else values


def _of_type(of: ColumnType) -> st.SearchStrategy[Any]:
    if of.kind in INTEGER_BITS:
        limit = 1 << INTEGER_BITS[of.kind] - 1
        return st.integers(-limit, limit - 1)
    if of.kind is Kind.NUMERIC:
        most = 10**of.precision - 1
        exact = Context(prec=of.precision)
        numbers = st.integers(-most, most).map(lambda digits: Decimal(digits).scaleb(-of.scale, exact))
        return numbers.map(lambda number: f"{number:f}") | numbers.map(str)
    return _PLAIN[of.kind]
