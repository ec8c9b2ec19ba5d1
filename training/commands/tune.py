"""``python -m training tune``."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dataflix.settings import load_settings
from training.mlflow_environment import settle_mlflow

if TYPE_CHECKING:
    from training.tuning.halving import Found, Trial


def tune(
    trials: Annotated[int, typer.Option(min=2, max=1000, help="How many choices to try; the shipped are one.")] = 16,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed tries the same choices.")] = 42,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Look for better choices inside the training part of what dbt built; `train --tuned` takes them.

    Every trial is a run in MLflow. What versions are measured on is not looked at.
    """
    settings = load_settings()
    settle_mlflow(settings.home)
    from dataflix.clickhouse_client import ClickHouseUser, clickhouse  # noqa: PLC0415
    from training.clickhouse_source import read_interactions  # noqa: PLC0415
    from training.interaction_log import build_log  # noqa: PLC0415
    from training.snapshots import Snapshot  # noqa: PLC0415
    from training.tuning import trials_log  # noqa: PLC0415  # imports mlflow: seconds
    from training.tuning.halving import rounds, search  # noqa: PLC0415
    from training.tuning.nested import nested_score  # noqa: PLC0415
    from training.tuning.space import candidates  # noqa: PLC0415

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("reading the interactions", total=rounds(trials))
        with clickhouse(settings, ClickHouseUser.TRAINING) as client:
            snapshot = Snapshot.of(read_interactions(client, settings))
        score = nested_score(build_log([snapshot.block()]), seed)
        log = trials_log.TrialsLog(settings.mlflow.url)
        with log.search(snapshot.id) as run_id:

            def tried(trial: "Trial") -> None:
                log.tried(run_id, trial)
                progress.update(task, description=f"trial {trial.number}: {list(trial.ndcg.values())[-1]:.4f}")
                progress.advance(task)

            found = search(candidates(trials, seed), score, tried)
            log.found(run_id, found)
        progress.update(task, total=progress.tasks[0].completed)
    typer.echo(json.dumps(trials_log.as_json(run_id, found)) if as_json else _sentence(found))


def _sentence(found: "Found") -> str:
    best, shipped, (value, lower, upper) = found.best, found.shipped, found.difference
    if best is shipped:
        return f"Of {len(found.trials)} choices the shipped ones are the best: NDCG@10 {best.people.mean():.4f}."
    return (
        f"Trial {best.number} of {len(found.trials)} is the best: NDCG@10 {best.people.mean():.4f}, "
        f"{value:+.4f} beside the shipped choices (95% interval {lower:+.4f} to {upper:+.4f}). "
        "`bin/dataflix train --tuned` trains with its choices."
    )
