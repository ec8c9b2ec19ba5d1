"""``python -m training import-movielens``."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from dataflix.settings import load_settings


class _RowsPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} rows/s" if speed else "")


def import_movielens(
    path: Annotated[Path, typer.Argument(help="A MovieLens folder, of any release.")],
) -> None:
    """Copy a MovieLens data set into PostgreSQL, from where it runs through the whole stream.

    What is there already stays: a second import adds nothing, and one that broke goes on where it was.
    """
    from training.movielens.files import read_data_set  # noqa: PLC0415  # imports numpy
    from training.movielens.load import load  # noqa: PLC0415
    from training.source_database import source_database  # noqa: PLC0415  # imports psycopg

    settings = load_settings()
    console = Console(stderr=True, highlight=False)
    began = time.monotonic()
    with console.status("Reading and checking the files"):
        data_set = read_data_set(path.expanduser())
    columns = (
        TextColumn("{task.description:>8}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RowsPerSecond(),
        TimeElapsedColumn(),
    )
    with source_database(settings) as connection, Progress(*columns, console=console) as progress:

        def part(what: str, rows: int) -> Callable[[int], None]:
            task = progress.add_task(what, total=rows)
            return lambda done: progress.advance(task, done)

        new = load(connection, data_set, part)
    typer.echo(
        f"{new.movies:,} movies, {new.people:,} people and {new.ratings:,} ratings of {data_set.name} are new, "
        f"in {time.monotonic() - began:.1f} s."
    )
