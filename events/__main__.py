"""``python -m events``: the stream for those who read it: following its topics, and the documents about them."""

import sys

import typer

from dataflix.errors import DataflixError, SettingsError
from dataflix.public_topics import NotPublic
from events.commands.docs import docs
from events.commands.tail import tail

FAILURE, BAD_INPUT = 1, 2

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(tail)
app.command()(docs)


def main() -> None:
    """Run one command. Exits with 2 for bad input, 1 for a failure; either way with a sentence, never a traceback."""
    try:
        app(prog_name="bin/dataflix")
    except DataflixError as error:
        typer.echo(f"dataflix: {error}", err=True)
        sys.exit(BAD_INPUT if isinstance(error, SettingsError | NotPublic) else FAILURE)


if __name__ == "__main__":
    main()
