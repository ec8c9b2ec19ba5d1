"""``bin/dataflix train``."""

import typer

from stack.programs import become


def train(context: typer.Context) -> None:
    """Train a model on the marts and make it the champion that the API serves."""
    become("training", "train", *context.args)
