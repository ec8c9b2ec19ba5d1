"""``bin/dataflix down``."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from dataflix.settings import SECRETS_FILE, SETTINGS_FILE
from stack.errors import BadInput
from stack.home import Home, open_home
from stack.progress import Steps
from stack.servers.postgres import remove_elsewhere
from stack.services import services
from stack.supervision import Supervisor


def down(
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove the home too: data, credentials, logs, environments.")
    ] = False,
) -> None:
    """Stop every service of this home, readers before what they read; what is acknowledged stays."""
    home = open_home()
    steps = Steps()
    if home.exists:
        with home.held(), steps.shown():
            stop(home, steps, discard=purge)
    else:
        steps.say(f"Nothing runs in {home.folder}.")
    if purge:
        remove(home.folder)


def stop(home: Home, steps: Steps, *, discard: bool) -> None:
    """Stop what runs in ``home``, its supervisor too."""
    table = services(home)
    with steps.step(f"Stopping what runs in {home.folder}"):
        Supervisor(home).down(table.values(), discard=discard)
        for service in table.values():
            for path in service.scratch:
                path.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a home whole. Raises BadInput for a folder that is none."""
    if not folder.exists():
        return
    if not any((folder / mark).exists() for mark in (SECRETS_FILE, SETTINGS_FILE, "runtime")):
        raise BadInput(f"{folder} is not a home of Dataflix: nothing was removed.")
    remove_elsewhere(folder)
    # This program's own interpreter goes with it: what it still needs is loaded
    shutil.rmtree(folder)
