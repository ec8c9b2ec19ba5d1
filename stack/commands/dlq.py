"""``bin/dataflix dlq``."""

import typer

from stack.programs import become


def dlq(context: typer.Context) -> None:
    """List, show, replay and discard dead letters: change events that could not be processed."""
    become("stream_processors", "dlq", *context.args)
