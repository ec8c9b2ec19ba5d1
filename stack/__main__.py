"""The commands of the launcher: ``python -m stack``, which ``bin/dataflix`` becomes once the environment is there."""

import sys

import typer

from dataflix.errors import DataflixError
from stack.commands.down import down
from stack.commands.status import status
from stack.commands.up import up

app = typer.Typer(
    name="dataflix",
    help="Dataflix on one machine: a movie recommender on a live change stream.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(down)
app.command()(status)


def main() -> None:
    """Run a command; what fails is a sentence."""
    try:
        app(prog_name="bin/dataflix")
    except DataflixError as error:
        print(f"dataflix: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
