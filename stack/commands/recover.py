"""``bin/dataflix recover``."""

import typer

from stack.programs import become


def recover(context: typer.Context) -> None:
    """Read everything again after changes were lost to the stream; the watcher does it by itself unless told not to."""
    become("connectors", "recover", *context.args)
