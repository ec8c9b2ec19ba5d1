"""``bin/dataflix bench``."""

import typer

from stack.programs import become


def bench(context: typer.Context) -> None:
    """Measure the running stack; each benchmark prints one JSON object."""
    become("bench", *context.args)
