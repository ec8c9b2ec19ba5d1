"""`recover`: the way back after changes were lost to the stream."""

from typing import Annotated

import typer

from connectors.commands.register import run_connector
from connectors.epochs import State
from dataflix.settings import load_settings


def recover(
    anyway: Annotated[bool, typer.Option("--anyway", help="Also when no loss is found.")] = False,
) -> None:
    """Begin a new epoch where changes were lost: drop the slot and the place, and read every table again.

    The watcher then compares source and raw, and takes out what was deleted meanwhile; `bin/dataflix status` tells.
    """
    done = run_connector(load_settings(), recover=True, anyway=anyway)
    if not done.begun and done.epoch.state is State.WHOLE:
        typer.echo("No change was lost, as far as can be told: nothing was begun. `--anyway` reads everything again.")
