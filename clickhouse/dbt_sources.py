"""The sources of dbt, generated from the contracts: dbt knows the raw tables by nothing else. Pure."""

from collections.abc import Iterable
from typing import Any

import yaml

from clickhouse.raw_tables import RAW_DATABASE, RawTable
from dataflix.contracts import Table

_HEADER = (
    "# Generated from the contracts by `python -m clickhouse dbt-sources`: change a contract, then run that again.\n"
)
_WIDTH = 120
# A quiet source is no fault. So not the newest row tells, but up to when the stream is known to have brought all there
# was: see dbt/macros/freshness.sql.
_HELD_UNTIL = "{{ held_until(this.identifier) }}"
_FRESHNESS = {"warn_after": {"count": 5, "period": "minute"}, "error_after": {"count": 30, "period": "minute"}}


def render(tables: Iterable[Table]) -> str:
    """The text of ``models/sources/raw.yml``. The same contracts always give the same text."""
    document = {
        "version": 2,
        "sources": [
            {
                "name": RAW_DATABASE,
                # a benchmark builds the marts of tables of its own
                "schema": f"{{{{ env_var('DATAFLIX_DBT_RAW', '{RAW_DATABASE}') }}}}",
                "description": "Masked changes of the source tables, one row for each version of a row. "
                "Read them with FINAL and without the deleted ones, as the staging models do.",
                "config": {"loaded_at_query": _HELD_UNTIL, "freshness": _FRESHNESS},
                "tables": [_table(table) for table in tables],
            }
        ],
    }
    return _HEADER + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def _table(table: Table) -> dict[str, Any]:
    masked = {column.name: str(column.mask) for column in table.columns if column.mask}
    columns: list[dict[str, Any]] = []
    for column in RawTable.of(table).columns:
        entry: dict[str, Any] = {"name": column.name, "data_type": column.type, "description": column.description}
        if column.name in masked:
            entry["config"] = {"meta": {"masked": masked[column.name]}}
        columns.append(entry)
    return {"name": table.name, "description": table.description, "columns": columns}


class _Dumper(yaml.SafeDumper):
    """Repeats what occurs twice, and sets lists in, as people write YAML."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)
