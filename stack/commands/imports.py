"""``bin/dataflix import``."""

import typer

from stack.programs import PASSED_THROUGH, become

imports = typer.Typer(
    no_args_is_help=True, help="Import a data set into PostgreSQL, from where it runs through the stream."
)


@imports.callback()
def _several() -> None:
    """Keep the data set a command of its own while there is one."""


@imports.command(context_settings=PASSED_THROUGH)
def movielens(context: typer.Context) -> None:
    """MovieLens: PATH is the folder of any of its releases, ml-100k to ml-32m."""
    become("training", "import-movielens", *context.args)
