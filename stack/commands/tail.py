"""``bin/dataflix tail``."""

import typer

from stack.programs import become


def tail(context: typer.Context) -> None:
    """Follow a public topic: what changes, as it changes."""
    become("events", "tail", *context.args)
