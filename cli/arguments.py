"""The command line of the shell."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TOKEN_VARIABLE = "DATAFLIX_API_TOKEN"  # noqa: S105 - the name of one


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person asked for. ``api`` is None for the API of the home."""

    api: str | None
    token: str | None
    commands: tuple[str, ...]
    as_json: bool
    user_id: int | None
    vi: bool


def read_choices(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Choices:
    """Exits with 2 for arguments that are none."""
    parser = argparse.ArgumentParser(
        prog="bin/dataflix shell",
        description="Dataflix in the terminal: browse, rate, and watch the recommendations move. Without a terminal, "
        "commands are read from standard input, one a line.",
    )
    parser.add_argument("--api", metavar="URL", help="the API to use; that of the home unless given")
    parser.add_argument(
        "--token",
        help=f"token for an API that asks for one; better in {TOKEN_VARIABLE}, where no process list shows it",
    )
    parser.add_argument("--user", type=int, metavar="NUMBER", help="who you are, from the beginning")
    parser.add_argument(
        "-c", dest="commands", action="append", default=[], metavar="COMMAND",
        help="run this command and leave; several run one after the other",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="a line of JSON for each command, for programs")
    parser.add_argument("--vi", action="store_true", help="edit the line with the keys of vi")
    given = parser.parse_args(arguments)
    return Choices(
        given.api, given.token or environ.get(TOKEN_VARIABLE), tuple(given.commands), given.json, given.user, given.vi
    )
