"""``python -m connectors``: the source side of the stream, from PostgreSQL's tables to the running connector."""

import sys

import psycopg
import typer

from connectors.commands import health, load_sample, migrate, recover, register, show, watch
from connectors.postgres import told
from dataflix.errors import DataflixError, SettingsError

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("migrate")(migrate.migrate)
app.command("load-sample")(load_sample.load_sample)
app.command("register")(register.register)
app.command("recover")(recover.recover)
app.command("health")(health.health)
app.command("show")(show.show)
app.command("watch")(watch.watch)


def main() -> None:
    """Run one command. Exits with 2 for bad input, 1 for a failure; either way with a sentence, never a traceback."""
    try:
        app()
    except DataflixError as error:
        typer.echo(str(error), err=True)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except psycopg.Error as error:
        typer.echo(f"PostgreSQL did not do what was asked: {told(error)}. See postgres.log of the home.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
