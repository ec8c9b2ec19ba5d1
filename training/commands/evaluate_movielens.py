"""``python -m training evaluate-movielens PATH``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from training.choices import Choices
from training.movielens.log import Ties, interaction_log
from training.progress import Steps
from training.splits import Protocol

COLUMNS = ("ndcg@10", "recall@10", "mrr", "coverage", "novelty", "rmse", "mae", "fit_seconds", "peak_memory_mb")


def evaluate_movielens(
    path: Annotated[Path, typer.Argument(help="A MovieLens folder, of any release.")],
    protocol: Annotated[Protocol, typer.Option(help="Which ratings are held out.")] = Protocol.LEAVE_LAST_OUT,
    ties: Annotated[
        Ties, typer.Option(help="The order of ratings of one second: that of the file, or none.")
    ] = Ties.FILE,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same figures.")] = 42,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure what would serve against popularity, the first design and EASE^R. Needs no running stack."""
    from training.evaluation.comparison import compare  # noqa: PLC0415  # imports scikit-learn: seconds
    from training.movielens.files import read_data_set  # noqa: PLC0415

    with Steps(Console(stderr=True, highlight=False)) as steps:
        steps.begin("Reading and checking the files")
        log = interaction_log(read_data_set(path.expanduser()), ties)
        result = compare(log, protocol, Choices(seed=seed), steps) | {"ties": str(ties)}
    if as_json:
        typer.echo(json.dumps(result))
    else:
        Console().print(_table(result))


def _table(result: dict[str, Any]) -> Table:
    table = Table("model", *COLUMNS, title=f"{result['protocol']}, {result['people']} people")
    for name, figures in result["models"].items():
        table.add_row(name, *("" if figures[one] is None else f"{figures[one]:.3f}" for one in COLUMNS))
    return table
