"""The column types that a contract may name: PostgreSQL's own, with what each becomes in ClickHouse."""

import re
from dataclasses import dataclass
from enum import StrEnum

from dataflix.errors import ContractViolation


class Kind(StrEnum):
    """PostgreSQL types that the stream carries, by the name that PostgreSQL's documentation gives them."""

    SMALLINT = "smallint"
    INTEGER = "integer"
    BIGINT = "bigint"
    BOOLEAN = "boolean"
    TEXT = "text"
    NUMERIC = "numeric"
    DOUBLE = "double precision"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIMESTAMPTZ = "timestamptz"
    UUID = "uuid"


_CLICKHOUSE = {
    Kind.SMALLINT: "Int16",
    Kind.INTEGER: "Int32",
    Kind.BIGINT: "Int64",
    Kind.BOOLEAN: "Bool",
    Kind.TEXT: "String",
    Kind.DOUBLE: "Float64",
    Kind.DATE: "Date32",
    Kind.TIMESTAMP: "DateTime64(6, 'UTC')",
    Kind.TIMESTAMPTZ: "DateTime64(6, 'UTC')",
    Kind.UUID: "UUID",
}
_NUMERIC = re.compile(r"numeric\((\d+), ?(\d+)\)")
MAX_PRECISION = 76  # digits of ClickHouse's Decimal256


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A kind, and for ``numeric`` its precision and scale in decimal digits."""

    kind: Kind
    precision: int = 0
    scale: int = 0

    @classmethod
    def parse(cls, text: str) -> "ColumnType":
        """Read ``bigint``, ``numeric(2,1)`` and so on.

        Raises ContractViolation for a type that the stream does not carry.
        """
        if match := _NUMERIC.fullmatch(text):
            precision, scale = int(match[1]), int(match[2])
            if not 0 < precision <= MAX_PRECISION or scale > precision:
                raise ContractViolation(
                    f"The type {text} is not usable: a precision of 1 to {MAX_PRECISION} digits holds the scale."
                )
            return cls(Kind.NUMERIC, precision, scale)
        known = [kind.value for kind in Kind if kind is not Kind.NUMERIC]
        if text not in known:
            raise ContractViolation(
                f"The stream does not carry the type {text!r}; use {', '.join(known)} or numeric(precision,scale)."
            )
        return cls(Kind(text))

    def __str__(self) -> str:
        return f"numeric({self.precision},{self.scale})" if self.kind is Kind.NUMERIC else self.kind.value

    @property
    def clickhouse(self) -> str:
        """The ClickHouse type that holds every value of this type that fits its range."""
        if self.kind is Kind.NUMERIC:
            return f"Decimal({self.precision}, {self.scale})"
        return _CLICKHOUSE[self.kind]
