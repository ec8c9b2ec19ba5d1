"""``bin/dataflix docs``."""

import typer

from stack.programs import become


def docs(context: typer.Context) -> None:
    """Write the documents that are generated from contracts and metrics; --check only compares."""
    become("events", "docs", *context.args)
