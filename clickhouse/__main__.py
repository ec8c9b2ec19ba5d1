"""The commands of the ClickHouse side."""

import json
import sys
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from clickhouse import catalog, ddl
from clickhouse import dbt_sources as sources
from clickhouse.agreement.check import check as check_contracts
from clickhouse.agreement.disagreement import as_json, as_text
from clickhouse.erasure.forgetting import forget as forget_person
from clickhouse.erasure.receipt import Receipt
from clickhouse.erasure.requests import work_off
from clickhouse.raw_tables import RawTable
from clickhouse.reconciliation import repair as repairing
from clickhouse.reconciliation import report, verification
from clickhouse.remasking import remasking
from clickhouse.remasking.receipt import RemaskingReceipt
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.contracts import load_contracts
from dataflix.errors import ContractViolation, DataflixError, NotFound, SettingsError
from dataflix.masking import key_id
from dataflix.settings import PROJECT, Settings, load_settings

FAILURE, BAD_INPUT = 1, 2
LARGEST_ID = 2**63 - 1
DBT_SOURCES = PROJECT / "dbt" / "models" / "sources" / "raw.yml"

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
contracts_app = typer.Typer(no_args_is_help=True, help="Compare contracts with what is there, and migrate raw tables.")
app.add_typer(contracts_app, name="contracts")
console = Console(highlight=False)


def _raw_tables(settings: Settings) -> list[RawTable]:
    return [RawTable.of(table) for table in load_contracts(settings.contracts)]


@contracts_app.command()
def check(as_json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Compare the contracts with source, topics and raw tables. Exit 0 when all agree; else 1, and all that differs."""
    settings = load_settings()
    contracts = load_contracts(settings.contracts)
    found = check_contracts(settings, contracts)
    if as_json_:
        print(json.dumps(as_json(contracts.version, found)))
    else:
        print(as_text(contracts.version, found))
    if found:
        raise typer.Exit(FAILURE)


@contracts_app.command()
def diff() -> None:
    """Print the statements that `apply` would run, and nothing when the raw tables are what the contracts describe."""
    settings = load_settings()
    with clickhouse(settings, ClickHouseUser.ADMIN) as client:
        statements = catalog.missing(client, _raw_tables(settings))
    if statements:
        print(ddl.as_script(statements))


@contracts_app.command()
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


@app.command()
def verify(
    table: Annotated[list[str] | None, typer.Option(help="A table to compare; all of them unless given.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds in which they may become equal.")] = 30,
    repair: Annotated[bool, typer.Option("--repair", help="Put the rows right that differ, then compare.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare source and raw by value. Exit 0 when they are equal; else 1, and the keys that differ are named."""
    settings = load_settings()
    contracts = load_contracts(settings.contracts)
    try:
        tables = [contracts.table(name) for name in dict.fromkeys(table)] if table else list(contracts)
    except ContractViolation as error:
        raise typer.BadParameter(str(error), param_hint="--table") from None
    if repair:
        result, done = repairing.verify_and_repair(settings, tables, wait)
    else:
        result, done = verification.verify(tables, wait, partial(verification.compare_once, settings)), None
    if as_json:
        print(json.dumps(report.as_json(result) | ({} if done is None else {"repair": done.as_json()})))
    else:
        console.print(report.as_text(result))
        if done is not None:
            console.print(str(done), markup=False, soft_wrap=True)
    if not result.equal:
        raise typer.Exit(FAILURE)


@app.command()
def merge() -> None:
    """Merge what raw holds of each row into its newest version. Marks of deletion stay, or a late change would win."""
    settings = load_settings()
    with clickhouse(settings, ClickHouseUser.ADMIN) as client:
        for table in _raw_tables(settings):
            before, after = catalog.merge(client, table)
            console.print(f"{table.name}: {before:,} rows before, {after:,} after", markup=False)


@app.command()
def forget(
    user_id: Annotated[int, typer.Argument(min=0, max=LARGEST_ID, help="Number of the person.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask at a terminal.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds in which the stream may deliver the deletions.")] = 120,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Erase a person from source, raw, marts and masked topics, and prove it by a scan. There is no way back.

    Exit 0 when nothing of the person is left, 1 when something is, 2 when there is no such person.
    """
    if not yes and sys.stdin.isatty() and sys.stdout.isatty():
        typer.confirm(f"Erase the user {user_id} for good?", abort=True)
    settings = load_settings()
    said = Console(stderr=True, highlight=False)
    receipt = forget_person(settings, load_contracts(settings.contracts), user_id, wait, said.print)
    _hand_over(receipt, as_json=as_json)


def _hand_over(receipt: Receipt | RemaskingReceipt, *, as_json: bool) -> None:
    """Print it. Raises Exit when something is left."""
    if as_json:
        print(json.dumps(receipt.as_json()))
    else:
        console.print(receipt.as_text())
    if not receipt.clean:
        raise typer.Exit(FAILURE)


@app.command()
def forget_requested(
    wait: Annotated[float, typer.Option(min=0, help="Seconds in which the stream may deliver the deletions.")] = 120,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Finish the erasures that were asked for over the API. One run at a time: a second one leaves them to the first.

    Exit 0 when none is left or another run is at work, 1 when one did not come about; the next run tries it again.
    """
    settings = load_settings()
    done = work_off(settings, load_contracts(settings.contracts), wait)
    if as_json:
        print(json.dumps(done.as_json()))
    else:
        console.print(str(done), markup=False)
    if done.failed:
        raise typer.Exit(FAILURE)


@app.command()
def remask(
    wait: Annotated[float, typer.Option(min=0, help="Seconds in which the next row has to come.")] = 120,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Mask every hashed column again that another key than the present one has masked; an interrupted run goes on.

    Exit 0 when no hash of another key is left, 1 when some are.
    """
    settings = load_settings()
    columns = (TextColumn("Masking again"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        task = bar.add_task("", total=None)
        receipt = remasking.remask(
            settings,
            load_contracts(settings.contracts),
            wait,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    _hand_over(receipt, as_json=as_json)


@app.command()
def key_ids(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show the id of the present masking key, and the rows of raw by the key that masked them."""
    settings = load_settings()
    present = key_id(settings.masking_key.get_secret_value().encode())
    counts = remasking.counted(settings, load_contracts(settings.contracts))
    if as_json:
        print(json.dumps({"key_id": present, "rows": counts}))
        return
    console.print(f"The present key is {present}.", markup=False)
    for place, by_key in counts.items():
        told = ", ".join(f"{count:,} rows under {name}" for name, count in by_key.items())
        console.print(f"{place}: {told or 'no rows'}", markup=False)


@app.command()
def dbt_sources(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when the file is stale.")] = False,
) -> None:
    """Write the sources of dbt from the contracts."""
    text = sources.render(load_contracts(load_settings().contracts))
    if check and (not DBT_SOURCES.is_file() or DBT_SOURCES.read_text(encoding="utf-8") != text):
        raise ContractViolation(f"{DBT_SOURCES} is not what the contracts say: run `python -m clickhouse dbt-sources`.")
    if not check:
        DBT_SOURCES.parent.mkdir(parents=True, exist_ok=True)
        DBT_SOURCES.write_text(text, encoding="utf-8")
    console.print(f"{DBT_SOURCES} is what the contracts say.", markup=False, soft_wrap=True)


def main() -> None:
    """Run a command. A failure is one sentence on standard error, and exit 1; bad input is exit 2."""
    try:
        app()
    except DataflixError as error:
        print(error, file=sys.stderr)
        sys.exit(BAD_INPUT if isinstance(error, SettingsError | NotFound) else FAILURE)


if __name__ == "__main__":
    main()
