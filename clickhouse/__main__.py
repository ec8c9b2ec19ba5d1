"""The commands of the ClickHouse side: ``python -m clickhouse apply|ddl|verify|dbt-sources``."""

import sys

import typer
from rich.console import Console

from clickhouse import catalog, ddl
from clickhouse.raw_tables import RawTable
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.contracts import load_contracts
from dataflix.errors import DataflixError, SettingsError
from dataflix.settings import Settings, load_settings

FAILURE, BAD_INPUT = 1, 2

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(highlight=False)


def _raw_tables(settings: Settings) -> list[RawTable]:
    return [RawTable.of(table) for table in load_contracts(settings.contracts)]


@app.command()
def apply() -> None:
    """Create the databases and raw tables that the contracts describe; add new columns to existing ones."""
    settings = load_settings()
    tables = _raw_tables(settings)
    with clickhouse(settings, ClickHouseUser.ADMIN) as client:
        statements = catalog.apply(client, tables)
    for statement in statements:
        console.print(statement.splitlines()[0], markup=False)
    console.print(f"{len(tables)} raw tables at {settings.clickhouse} are what the contracts describe.", markup=False)


@app.command(name="ddl")
def print_ddl() -> None:
    """Print the statements that an empty server needs."""
    print(ddl.script(_raw_tables(load_settings())))


def main() -> None:
    """Run a command. A failure is one sentence on standard error, and exit 1; bad input is exit 2."""
    try:
        app()
    except DataflixError as error:
        print(error, file=sys.stderr)
        sys.exit(BAD_INPUT if isinstance(error, SettingsError) else FAILURE)


if __name__ == "__main__":
    main()
