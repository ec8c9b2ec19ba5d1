"""``bin/dataflix down``."""

import shutil
from typing import Annotated

import typer

from stack.home import open_home
from stack.servers.postgres import remove_elsewhere
from stack.services import services
from stack.supervision import Supervisor


def down(
    purge: Annotated[bool, typer.Option("--purge", help="Remove the home too: data, credentials, logs, environments.")] = False,
) -> None:
    """Stop every service of this home, in an order that loses nothing."""
    home = open_home()
    Supervisor(home).down(services(home).values() if home.exists else ())
    if purge:
        remove_elsewhere(home.folder)
        shutil.rmtree(home.folder, ignore_errors=True)
