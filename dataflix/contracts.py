"""Table contracts: the one place that lists the columns of a source table, their types, meaning and masking.

A contract is a file ``contracts/<table>.yml``. Everything else that knows a column is derived from it: what Debezium
publishes, how the worker masks, the raw tables of ClickHouse, the sources of dbt, the check of source against raw.
"""

import hashlib
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from dataflix.column_types import ColumnType
from dataflix.errors import ContractViolation

PEOPLE = "users"  # the table whose rows are people
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Masking(StrEnum):
    """What the worker does to a personal value before anything but PostgreSQL and the private topics holds it."""

    HASH = "hash"  # 16 hex characters of an HMAC
    INITIAL = "initial"  # the first letter, an asterisk for each further character


def _column_type(value: Any) -> ColumnType:
    return value if isinstance(value, ColumnType) else ColumnType.parse(str(value))


class Column(BaseModel):
    """One column. ``mask`` is None where the value is not personal and passes as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: str
    type: Annotated[ColumnType, BeforeValidator(_column_type)]
    description: str = Field(min_length=1)
    nullable: bool = False
    mask: Masking | None = None


class Table(BaseModel):
    """One source table. The order of ``columns`` is the order of the raw table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    source_schema: str = Field(default="public", alias="schema")
    description: str = Field(min_length=1)
    key: tuple[str, ...] = Field(min_length=1)
    unique: tuple[tuple[str, ...], ...] = ()
    columns: tuple[Column, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_the_columns(cls, data: Any) -> Any:
        """In a file, columns are a mapping from name to the rest."""
        if isinstance(data, dict) and isinstance(data.get("columns"), dict):
            return data | {"columns": [{"name": name, **rest} for name, rest in data["columns"].items()]}
        return data

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        names = [column.name for column in self.columns]
        for name in (self.table, self.source_schema, *names):
            if not _IDENTIFIER.fullmatch(name):
                raise ValueError(f"{name!r} is not a plain lower-case name (a letter, then letters, digits and _)")
        for name in {*self.key, *(name for group in self.unique for name in group)}:
            if name not in names:
                raise ValueError(f"key and unique name the column {name!r}, which is not listed")
        for column in self.columns:
            if column.name in self.key and (column.nullable or column.mask):
                raise ValueError(f"the key column {column.name!r} can be neither nullable nor masked")
            if column.mask and column.type.kind != "text":
                raise ValueError(f"only text can be masked, and {column.name!r} is {column.type}")
        return self

    @property
    def name(self) -> str:
        """The table without its schema: its name in `raw` and in `masked.*`."""
        return self.table

    @property
    def source(self) -> str:
        """``schema.table``, as PostgreSQL and Debezium say it."""
        return f"{self.source_schema}.{self.table}"

    @property
    def private_topic(self) -> str:
        return f"cdc.{self.source}"

    @property
    def masked_topic(self) -> str:
        return f"masked.{self.table}"

    @property
    def is_hashed(self) -> bool:
        """Whether a column is hashed, so that its values depend on the masking key."""
        return any(column.mask is Masking.HASH for column in self.columns)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def key_columns(self) -> tuple[Column, ...]:
        return tuple(self.by_name[name] for name in self.key)


class Contracts(BaseModel):
    """All contracts of one folder, ordered by table name, and a version that changes when any of them does."""

    model_config = ConfigDict(frozen=True)

    tables: tuple[Table, ...]
    version: str  # 12 hex characters of SHA-256 over the files

    def __iter__(self) -> Iterator[Table]:  # type: ignore[override]
        return iter(self.tables)

    def table(self, name: str) -> Table:
        """Raises ContractViolation when no contract names the table."""
        for table in self.tables:
            if table.name == name:
                return table
        known = ", ".join(table.name for table in self.tables)
        raise ContractViolation(f"No contract names the table {name!r}; there are contracts for {known}.")

    def personal_tables(self) -> tuple[tuple[Table, str], ...]:
        """The tables that hold rows of a person, each with the column that names the person; PEOPLE itself comes last.

        A row is a person's when it carries the key of PEOPLE under the same name. None where no contract is PEOPLE.
        """
        people = next((table for table in self.tables if table.name == PEOPLE), None)
        if people is None or len(people.key) > 1:
            return ()
        column = people.key[0]
        others = tuple(table for table in self.tables if table is not people and column in table.by_name)
        return tuple((table, column) for table in (*others, people))


def load_contracts(folder: Path) -> Contracts:
    """Read every ``*.yml`` of ``folder``. Raises ContractViolation with the file and what to mend."""
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise ContractViolation(
            f"There is no contract in {folder}: let DATAFLIX_CONTRACTS name the folder of *.yml files."
        )
    tables = tuple(_load_table(file) for file in files)
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    return Contracts(tables=tables, version=digest[:12])


def _load_table(file: Path) -> Table:
    try:
        table = Table.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ContractViolation(f"The contract {file} is not YAML: {error}") from None
    except ContractViolation as error:
        raise ContractViolation(f"The contract {file} is not usable: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ContractViolation(f"The contract {file} is not usable: {where or 'table'}: {first['msg']}.") from None
    if table.name != file.stem:
        raise ContractViolation(f"The contract {file} describes {table.name!r}: name the file {table.name}.yml.")
    return table
