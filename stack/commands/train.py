"""``bin/dataflix train``."""

from collections.abc import Sequence
from itertools import pairwise

import typer

from stack.environments import ensure
from stack.home import open_home
from stack.programs import become

SPARK = "spark"


def train(context: typer.Context) -> None:
    """Train a model on the marts and make it the champion that the API serves."""
    if asks_for_spark(context.args):
        ensure(SPARK, open_home().runtime)
    become("training", "train", *context.args)


def asks_for_spark(arguments: Sequence[str]) -> bool:
    """Whether these arguments of a training name Spark as its engine."""
    return f"--engine={SPARK}" in arguments or ("--engine", SPARK) in pairwise(arguments)
