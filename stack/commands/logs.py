"""``bin/dataflix logs``."""

import sys
from collections import deque
from pathlib import Path
from typing import Annotated

import typer
from tenacity import Retrying, retry_if_result, wait_fixed

from stack.errors import BadInput
from stack.home import open_home
from stack.services import named, services

_FOLLOW_SECONDS = 0.3


def logs(
    name: Annotated[str, typer.Argument(help="A service, as `status` names it.")],
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on printing what is added, until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many of the last lines.")] = 200,
) -> None:
    """Print the log of a service. Logs hold no personal data."""
    home = open_home()
    service = named(name, services(home))
    path = home.logs / f"{service.name}.log"
    if not path.is_file():
        raise BadInput(f"{name} has written no log yet: it was not started in {home.folder}.")
    with path.open(errors="replace") as file:
        sys.stdout.writelines(deque(file, maxlen=lines))
        end = file.tell()
    if follow:
        _follow(path, end)


def _follow(path: Path, position: int) -> None:
    """Print what is added, also when the log is turned over to a new file."""

    def print_added() -> bool:
        nonlocal position
        if path.is_file():
            position = 0 if path.stat().st_size < position else position
            with path.open(errors="replace") as file:
                file.seek(position)
                sys.stdout.write(file.read())
                position = file.tell()
            sys.stdout.flush()
        return True

    Retrying(wait=wait_fixed(_FOLLOW_SECONDS), retry=retry_if_result(bool))(print_added)
