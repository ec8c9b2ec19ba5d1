"""``bin/dataflix simulate``."""

import typer

from stack.programs import become


def simulate(context: typer.Context) -> None:
    """Let made-up people browse, watch and rate, through the API or straight into PostgreSQL."""
    become("training", "simulate", *context.args)
