"""``bin/dataflix models``."""

import typer

from stack.programs import become


def models(context: typer.Context) -> None:
    """List and show registered models, promote one, or go back to the champion before."""
    become("training", "models", *context.args)
