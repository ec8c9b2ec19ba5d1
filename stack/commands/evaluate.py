"""``bin/dataflix evaluate``."""

import typer

from stack.programs import PASSED_THROUGH, become

evaluate = typer.Typer(
    no_args_is_help=True, help="Measure the recommender on what people did next. No stack needs to run."
)


@evaluate.callback()
def _several() -> None:
    """Keep the data set a command of its own while there is one."""


@evaluate.command(context_settings=PASSED_THROUGH)
def movielens(context: typer.Context) -> None:
    """MovieLens: PATH is the folder of any of its releases, ml-100k to ml-32m."""
    become("training", "evaluate-movielens", *context.args)
