"""``bin/dataflix shell``."""

import typer

from stack.programs import become


def shell(context: typer.Context) -> None:
    """Browse, rate, and watch the recommendations move, in the terminal."""
    become("cli", *context.args)
