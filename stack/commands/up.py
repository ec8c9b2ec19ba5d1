"""``bin/dataflix up``."""

import os
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.table import Table

from stack import preflight
from stack.errors import BadInput, PreflightFailed
from stack.home import MASKING_KEY, OPTIONAL, Home, open_home, prepare_home, read_env
from stack.jars import install_jars
from stack.loading import FullStart, partial_start
from stack.optional import OPTIONS, checked, chosen
from stack.progress import Steps, output
from stack.servers import postgres
from stack.service import Service
from stack.services import named, services
from stack.startup import Starter, run_in_order, with_needs
from stack.supervision import Supervisor

INTERRUPTED = 130
_NEXT = """\
What next
  {api}/                      the live page: rate a movie, and see the list move
  bin/dataflix shell                          the same in the terminal
  bin/dataflix import movielens PATH          100,836 real ratings (ml-latest-small) through the whole stream
  bin/dataflix status | logs NAME | verify    how it goes
  bin/dataflix down                           stop; --purge removes everything too"""
_PLAIN_HASH = (
    "[yellow]Masking is a plain hash[/yellow]: whoever guesses an e-mail address can check the guess. "
    "`bin/dataflix masking rotate` masks everything under a key; {key}, set before the first `up` of a home, does so "
    "from the start."
)


def up(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Start just this service and what it needs, and load nothing. Repeatable."),
    ] = None,
    optional: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME", help=f"Run this too: {', '.join(OPTIONS)}. Repeatable, and remembered."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Run everything that is optional too. Remembered.")] = False,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="NAME", help="Stop this and run it no more; its data stay. Repeatable."),
    ] = None,
    port_offset: Annotated[
        int | None, typer.Option(min=0, max=46_000, help="Add this to every port of this home. Remembered.")
    ] = None,
) -> None:
    """Install, start and load what is missing; return when everything is healthy.

    Twice in a row is fine: what runs stays as it is, what is loaded is not loaded again. A changed contract, migration
    or configuration takes effect.
    """
    remembered = [option.name for option in chosen(open_home().settings)]
    asked = checked([*(OPTIONS if full else []), *(optional or [])])
    dropped = checked(without or [])
    if both := {*(optional or [])} & {*dropped}:
        raise BadInput(f"{both.pop()} cannot be run and stopped at the same time: ask for --with or --without.")
    os.environ[OPTIONAL] = ",".join(name for name in checked([*remembered, *asked]) if name not in dropped)
    known = services(open_home())
    for name in only or []:
        named(name, known)
    _check_not_moved(port_offset)
    if port_offset is not None:
        # The variable would win over what the home remembers, here and in every program that is started
        os.environ.pop("DATAFLIX_PORT_OFFSET", None)
    home = prepare_home(port_offset, os.environ)
    with home.held():
        postgres.settle(home)
        table = services(home)
        names = with_needs(only or table, table)
        steps = Steps()
        supervisor = Supervisor(home)
        supervisor.end_leftovers()
        _check_machine(home, [table[name] for name in names], supervisor)
        try:
            with steps.shown():
                install_jars(home.runtime, steps)
                supervisor.bring_up(table.values())
                starter = Starter(home, supervisor, steps)
                whole = FullStart(home, table, starter, steps)
                run_in_order(partial_start(home, names, table, starter, steps) if only else whole.tasks())
        except KeyboardInterrupt:
            steps.say("Interrupted: `bin/dataflix up` goes on from here, `bin/dataflix down` stops what was started.")
            # Steps that are under way would be waited for at a normal end
            os._exit(INTERRUPTED)
    _tell(home, table, names, whole=not only)


def _check_not_moved(port_offset: int | None) -> None:
    home = open_home()
    if port_offset not in (None, home.settings.port_offset) and home.exists and Supervisor(home).is_running():
        raise PreflightFailed(
            f"This home runs with port offset {home.settings.port_offset}: `bin/dataflix down` first, then start it "
            f"with --port-offset {port_offset}."
        )


def _check_machine(home: Home, wanted: list[Service], supervisor: Supervisor) -> None:
    running = supervisor.processes()
    missing = [service for service in wanted if service.name not in running or not running[service.name].is_up]
    preflight.check_distinct(wanted)
    preflight.check_ports(missing)
    preflight.check_memory(missing, preflight.free_memory_mb())
    preflight.check_disk(home.folder)


def _tell(home: Home, table: Mapping[str, Service], names: list[str], *, whole: bool) -> None:
    console = output()
    shown = Table("service", "where", "what", box=None, header_style="bold")
    for name in names:
        shown.add_row(name, table[name].url, table[name].summary)
    console.print()
    console.print(shown)
    console.print(f"\nCredentials: {home.secrets_file}. Data and logs: {home.folder}.")
    if whole:
        if not read_env(home.secrets_file).get(MASKING_KEY):
            console.print(_PLAIN_HASH.format(key=MASKING_KEY))
        console.print("\n" + _NEXT.format(api=home.settings.api.url))
