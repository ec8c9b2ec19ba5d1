"""What has to happen to the tables that exist so that they are the ones that the contracts describe. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from clickhouse import ddl
from clickhouse.raw_tables import ENGINE, RawColumn, RawTable
from dataflix.errors import ContractViolation


@dataclass(frozen=True, slots=True)
class ExistingTable:
    """A table as ClickHouse describes it. ``engine`` is the full text, settings included."""

    name: str
    description: str
    engine: str
    key: tuple[str, ...]
    columns: tuple[RawColumn, ...]


def plan(tables: Iterable[RawTable], existing: Mapping[str, ExistingTable]) -> list[str]:
    """The statements that are missing, in order; none when nothing is to do.

    Tables and columns are created and descriptions follow the contracts. Everything else that differs may lose data:
    it raises ContractViolation, before anything has run.
    """
    statements: list[str] = []
    for table in tables:
        found = existing.get(table.name)
        if found is None:
            statements.append(ddl.create_table(table))
        else:
            _refuse_what_differs(table, found)
            statements += _alterations(table, found)
    return statements


def _alterations(table: RawTable, found: ExistingTable) -> Iterator[str]:
    there = {column.name: column for column in found.columns}
    for column in table.columns:
        if column.name not in there:
            yield ddl.add_column(table, column)
        elif there[column.name].description != column.description:
            yield ddl.comment_column(table, column)
    if found.description != table.description:
        yield ddl.comment_table(table)


def _refuse_what_differs(table: RawTable, found: ExistingTable) -> None:
    if not found.engine.startswith(f"{ENGINE} "):
        engine = found.engine.split(" ORDER BY")[0]
        raise ContractViolation(
            f"The table {table.full_name} has the engine {engine}, and raw tables need {ENGINE}. "
            "Move it out of the way with RENAME TABLE and apply again."
        )
    if found.key != table.key:
        raise ContractViolation(
            f"The table {table.full_name} is ordered by ({', '.join(found.key)}), and the contract's key is "
            f"({', '.join(table.key)}). A key cannot change in place: put the contract back, or drop the table, "
            "apply again and let the connector take a snapshot."
        )
    wanted = {column.name: column for column in table.columns}
    for column in found.columns:
        if column.name not in wanted:
            raise ContractViolation(
                f"The column {column.name} ({column.type}) of {table.full_name} is in no contract. Put it back into "
                f"the contract, or drop it for good: ALTER TABLE {table.full_name} DROP COLUMN {column.name}."
            )
        if column.type != wanted[column.name].type:
            raise ContractViolation(
                f"The column {column.name} of {table.full_name} is {column.type}, and the contract makes it "
                f"{wanted[column.name].type}. Put the contract back, or convert the column yourself and apply again: "
                f"ALTER TABLE {table.full_name} MODIFY COLUMN {column.name} {wanted[column.name].type}."
            )
