"""``bin/dataflix tune``."""

import typer

from stack.programs import become


def tune(context: typer.Context) -> None:
    """Look for better choices for the next training, inside the training part; every trial is a run in MLflow."""
    become("training", "tune", *context.args)
