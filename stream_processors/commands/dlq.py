"""``dlq``: list, show, replay and discard dead letters. What they say is their coordinates and reasons, no payload."""

import asyncio
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid

from dataflix.contracts import Contracts, load_contracts
from dataflix.dead_letters import Ending
from dataflix.letter_box import Box, Entry, Selection
from dataflix.observability import configure_logging
from dataflix.settings import Settings, load_settings
from stream_processors.ages import read_age, show_age
from stream_processors.dead_letter_desk import Desk, open_desk
from stream_processors.replay import Outcome, Replayed

FAILURE = 1

app = typer.Typer(help="List, show, replay and discard dead letters.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)


def _age(text: str) -> timedelta:
    if (span := read_age(text)) is None:
        raise typer.BadParameter(f"{text!r} is no age: write a number and s, m, h or d, such as 2h.")
    return span


Numbers = Annotated[list[int] | None, typer.Argument(help="Numbers of letters, as `list` shows them.", min=0)]
Tables = Annotated[list[str] | None, typer.Option("--table", help="Only letters of this table. May be repeated.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only letters of this kind. May be repeated.")]
OlderThan = Annotated[
    timedelta | None, typer.Option(parser=_age, metavar="AGE", help="Only letters of this age or more: 2h, 7d.")
]
NewerThan = Annotated[
    timedelta | None, typer.Option(parser=_age, metavar="AGE", help="Only letters younger than this.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command("list")
def list_letters(
    table: Tables = None,
    kind: Kinds = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    expect_none: Annotated[bool, typer.Option("--expect-none", help="Exit 1 when a letter waits.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the letters that wait."""
    settings, contracts = _prepare()
    with open_desk(settings, contracts) as desk:
        box, now = _box(desk), datetime.now(UTC)
    letters = _selection(box, contracts, [], table, kind, older_than, newer_than).of(box.waiting, now)
    if as_json:
        _print_json([_as_json(entry) for entry in letters])
    elif not letters:
        console.print("No dead letter waits." if not box.waiting else "No dead letter that waits fits.")
    else:
        console.print(_grid(letters, now))
    if expect_none and letters:
        raise typer.Exit(1)


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="Number of the letter, as `list` shows it.", min=0)],
    as_json: AsJson = False,
) -> None:
    """Show one letter, and whether its event is still there to be replayed. The event itself is never shown."""
    settings, contracts = _prepare()
    with open_desk(settings, contracts) as desk:
        (entry,) = _known([number], _box(desk).entries)
        there = desk.holds(entry.coordinates)
    told = _as_json(entry) | {
        "key_hash": entry.letter.key_hash,
        "contract_version": entry.letter.contract_version,
        "payload_there": there,
    }
    if as_json:
        _print_json(told)
        return
    grid = Grid.grid(padding=(0, 2))
    for name, value in told.items():
        grid.add_row(name.replace("_", " "), _spoken(value))
    console.print(grid)


@app.command()
def replay(
    numbers: Numbers = None,
    table: Tables = None,
    kind: Kinds = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    as_json: AsJson = False,
) -> None:
    """Send the events of letters through preparation and delivery again; all that wait, unless narrowed.

    A newer change of the same row always wins. Exits 1 when a letter still waits afterwards.
    """
    settings, contracts = _prepare()
    with open_desk(settings, contracts) as desk:
        box = _box(desk)
        letters = _selection(box, contracts, numbers, table, kind, older_than, newer_than).of(
            box.waiting, datetime.now(UTC)
        )
        outcomes = asyncio.run(_replay(desk, letters, quiet=as_json))
    if as_json:
        _print_json(
            [
                {"number": entry.number, "outcome": done.outcome, "reason": done.reason or None}
                for entry, done in outcomes
            ]
        )
    else:
        counts = {outcome: sum(done.outcome is outcome for _, done in outcomes) for outcome in Outcome}
        console.print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) + ".")
        if counts[Outcome.EXPIRED]:
            console.print("Where events have expired, `bin/dataflix verify` tells which rows differ from the source.")
    if any(done.outcome is not Outcome.REPLAYED for _, done in outcomes):
        raise typer.Exit(FAILURE)


@app.command()
def discard(
    numbers: Numbers = None,
    table: Tables = None,
    kind: Kinds = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    yes: Yes = False,
) -> None:
    """Be done with letters without replaying them. What is to be all of them has to be confirmed."""
    settings, contracts = _prepare()
    with open_desk(settings, contracts) as desk:
        box = _box(desk)
        selection = _selection(box, contracts, numbers, table, kind, older_than, newer_than)
        letters = selection.of(box.waiting, datetime.now(UTC))
        if letters and selection.everything and not yes:
            _confirm(len(letters))
        asyncio.run(desk.finish((entry.coordinates for entry in letters), Ending.DISCARDED))
    console.print(f"{len(letters)} dead letter{'' if len(letters) == 1 else 's'} discarded.")


async def _replay(desk: Desk, letters: list[Entry], *, quiet: bool) -> list[tuple[Entry, Replayed]]:
    by_coordinates = {entry.coordinates: entry for entry in letters}
    outcomes = []
    async for some in desk.replay(entry.letter for entry in letters):
        for done in some:
            entry = by_coordinates[done.coordinates]
            outcomes.append((entry, done))
            if not quiet:
                told = f"{entry.number} {entry.table} {done.outcome}" + (f": {done.reason}" if done.reason else "")
                console.print(told, markup=False)
    return sorted(outcomes, key=lambda outcome: outcome[0].number)


def _prepare() -> tuple[Settings, Contracts]:
    settings = load_settings()
    configure_logging("dlq", "CRITICAL")  # what goes wrong becomes a sentence
    return settings, load_contracts(settings.contracts)


def _box(desk: Desk) -> Box:
    box = desk.box()
    if box.unreadable:
        typer.echo(f"{box.unreadable} messages of dead_letters are no dead letters and are left out.", err=True)
    return box


def _selection(  # noqa: PLR0913, PLR0917 the options of a command
    box: Box,
    contracts: Contracts,
    numbers: list[int] | None,
    tables: list[str] | None,
    kinds: list[str] | None,
    older_than: timedelta | None,
    newer_than: timedelta | None,
) -> Selection:
    """What a command line narrows the letters to. Raises BadParameter for a number or a table that is not there."""
    _known(numbers or [], box.waiting)
    there = {table.name for table in contracts} | {entry.table for entry in box.entries}
    if unknown := set(tables or []) - there:
        raise typer.BadParameter(
            f"There is no table {', '.join(sorted(unknown))}; there are {', '.join(sorted(there))}.",
            param_hint="--table",
        )
    return Selection(frozenset(numbers or []), frozenset(tables or []), frozenset(kinds or []), older_than, newer_than)


def _known(numbers: list[int], entries: Iterable[Entry]) -> list[Entry]:
    by_number = {entry.number: entry for entry in entries}
    if unknown := [str(number) for number in numbers if number not in by_number]:
        raise typer.BadParameter(f"There is no dead letter {', '.join(unknown)}: `bin/dataflix dlq list` shows them.")
    return [by_number[number] for number in numbers]


def _confirm(count: int) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("Nothing narrows what to discard: give numbers, --table, --kind, an age, or --yes.")
    if not typer.confirm(f"Discard all {count} dead letters?"):
        console.print("Nothing was discarded.")
        raise typer.Exit(FAILURE)


def _grid(letters: list[Entry], now: datetime) -> Grid:
    grid = Grid()
    for name, wraps in (("number", False), ("table", False), ("kind", True), ("reason", True), ("age", False)):
        grid.add_column(name, no_wrap=not wraps, overflow="fold")
    grid.add_column("topic/partition/offset", overflow="fold")
    for entry in letters:
        at = "/".join(map(str, entry.coordinates))
        letter, age = entry.letter, show_age(entry.age(now))
        grid.add_row(str(entry.number), entry.table, letter.kind, letter.reason, age, at)
    return grid


def _as_json(entry: Entry) -> dict[str, Any]:
    done = entry.resolution
    return {
        "number": entry.number,
        "table": entry.table,
        "kind": entry.letter.kind,
        "reason": entry.letter.reason,
        "at": entry.letter.at.isoformat(),
        **entry.coordinates._asdict(),
        "state": done.ending if done else "waiting",
        "done_at": done.at.isoformat() if done else None,
    }


def _spoken(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _print_json(document: object) -> None:
    print(json.dumps(document))
