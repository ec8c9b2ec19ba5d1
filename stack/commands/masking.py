"""``bin/dataflix masking``."""

import os
from typing import Annotated

import typer

from stack.errors import ServiceFailed
from stack.health import failures
from stack.home import Home, open_home
from stack.masking_key import begin, finish, last_rotation
from stack.programs import PASSED_THROUGH, become, pass_through
from stack.progress import Steps
from stack.services import services
from stack.startup import Starter
from stack.supervision import Supervisor

masking = typer.Typer(no_args_is_help=True, help="The key under which user names and e-mails are hashed.")
_NEEDED = ("postgres", "kafka", "clickhouse", "connect")


@masking.command(context_settings=PASSED_THROUGH)
def show(context: typer.Context) -> None:
    """Show the id of the key, and how many rows are masked under which."""
    home = open_home()
    last = last_rotation(home)
    if last and last.is_under_way and "--json" not in context.args:
        typer.echo(f"A rotation from {last.previous} is under way: `bin/dataflix masking rotate` finishes it.")
    become("clickhouse", "key-ids", *context.args)


@masking.command()
def rotate(
    wait: Annotated[float, typer.Option(min=0, help="Seconds in which the next row has to come.")] = 120,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Mask everything under a new key, by reading the source again. The first key of a home comes about so, too.

    The key is made here, or is the one that DATAFLIX_MASKING_KEY names. Interrupted, the next run goes on.
    Exit 0 when no hash of another key is left.
    """
    home = open_home()
    _check(home)
    with home.held("masking"):
        rotation = begin(home, os.environ)
        steps = Steps()
        with home.held(), steps.shown():
            # It reads the key when it starts: from here on nothing is masked under another one
            Starter(home, Supervisor(home), steps).bring_up(services(home)["worker"])
        options = [f"--wait={wait}", *(["--json"] if as_json else [])]
        if code := pass_through("clickhouse", "remask", *options):
            raise typer.Exit(code)
        finish(home, rotation)


def _check(home: Home) -> None:
    table = services(home)
    wrong = failures([table[name] for name in _NEEDED], Supervisor(home).processes())
    if wrong:
        told = "; ".join(f"{name} {reason}" for name, reason in wrong.items())
        raise ServiceFailed(f"Masking anew needs the stream: {told}. `bin/dataflix up` starts it.")
