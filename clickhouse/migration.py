"""What has to happen to the tables that exist so that they are the ones that the contracts describe. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from clickhouse import ddl
from clickhouse.raw_tables import ENGINE, RawColumn, RawTable
from dataflix.errors import ContractViolation

_APPLY = "run `bin/dataflix contracts apply`"


@dataclass(frozen=True, slots=True)
class ExistingTable:
    """A table as ClickHouse describes it. ``engine`` is the full text, settings included."""

    name: str
    description: str
    engine: str
    key: tuple[str, ...]
    columns: tuple[RawColumn, ...]


class DifferenceKind(StrEnum):
    """How a table can differ from what its contract describes."""

    MISSING_TABLE = "missing table"
    MISSING_COLUMN = "missing column"
    DESCRIPTION = "description"
    ENGINE = "engine"
    KEY = "key"
    STRAY_COLUMN = "stray column"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. ``message`` says what to do; ``statement`` does it, empty where it may lose data."""

    table: str
    kind: DifferenceKind
    message: str
    statement: str = ""

    @property
    def stops(self) -> bool:
        """Whether rows cannot be inserted as they should."""
        return self.kind is not DifferenceKind.DESCRIPTION


def differences(tables: Iterable[RawTable], existing: Mapping[str, ExistingTable]) -> Iterator[Difference]:
    """Everything in which ``existing`` tables are not the ones that the contracts describe, in order."""
    for table in tables:
        found = existing.get(table.name)
        if found is None:
            message = f"There is no table {table.full_name}: {_APPLY}."
            yield Difference(table.name, DifferenceKind.MISSING_TABLE, message, ddl.create_table(table))
        else:
            yield from _refused(table, found)
            yield from _alterations(table, found)


def plan(tables: Iterable[RawTable], existing: Mapping[str, ExistingTable]) -> list[str]:
    """The statements that are missing, in order; none when nothing is to do.

    Tables and columns are created and descriptions follow the contracts. Everything else that differs may lose data:
    it raises ContractViolation, before anything has run.
    """
    found = list(differences(tables, existing))
    for difference in found:
        if not difference.statement:
            raise ContractViolation(difference.message)
    return [difference.statement for difference in found]


def _alterations(table: RawTable, found: ExistingTable) -> Iterator[Difference]:
    there = {column.name: column for column in found.columns}
    for column in table.columns:
        if column.name not in there:
            message = f"The table {table.full_name} has no column {column.name}: {_APPLY}."
            yield Difference(table.name, DifferenceKind.MISSING_COLUMN, message, ddl.add_column(table, column))
        elif there[column.name].description != column.description:
            message = f"The description of {column.name} in {table.full_name} is not its contract's: {_APPLY}."
            yield Difference(table.name, DifferenceKind.DESCRIPTION, message, ddl.comment_column(table, column))
    if found.description != table.description:
        message = f"The description of {table.full_name} is not its contract's: {_APPLY}."
        yield Difference(table.name, DifferenceKind.DESCRIPTION, message, ddl.comment_table(table))


def _refused(table: RawTable, found: ExistingTable) -> Iterator[Difference]:
    """What may lose data. A person decides."""
    if not found.engine.startswith(f"{ENGINE} "):
        engine = found.engine.split(" ORDER BY")[0]
        yield Difference(
            table.name,
            DifferenceKind.ENGINE,
            f"The table {table.full_name} has the engine {engine}, and raw tables need {ENGINE}. "
            "Move it out of the way with RENAME TABLE and apply again.",
        )
    if found.key != table.key:
        yield Difference(
            table.name,
            DifferenceKind.KEY,
            f"The table {table.full_name} is ordered by ({', '.join(found.key)}), and the contract's key is "
            f"({', '.join(table.key)}). A key cannot change in place: put the contract back, or drop the table, "
            "apply again and let the connector take a snapshot.",
        )
    wanted = {column.name: column for column in table.columns}
    for column in found.columns:
        if column.name not in wanted:
            yield Difference(
                table.name,
                DifferenceKind.STRAY_COLUMN,
                f"The column {column.name} ({column.type}) of {table.full_name} is in no contract. Put it back into "
                f"the contract, or drop it for good: ALTER TABLE {table.full_name} DROP COLUMN {column.name}.",
            )
        elif column.type != wanted[column.name].type:
            yield Difference(
                table.name,
                DifferenceKind.TYPE,
                f"The column {column.name} of {table.full_name} is {column.type}, and the contract makes it "
                f"{wanted[column.name].type}. Put the contract back, or convert the column yourself and apply again: "
                f"ALTER TABLE {table.full_name} MODIFY COLUMN {column.name} {wanted[column.name].type}.",
            )
