"""The steps of a training one by one, for a scheduler: each prints one JSON line, and repeating it does no harm.

``snapshot`` → ``fit`` → ``evaluate`` → ``gate`` → ``promote`` → ``announce``. A step that finds nothing to do (no
training is due, the gate said no) exits with 99, which Airflow's shell tasks take for "skipped".
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from dataflix.settings import Settings, load_settings
from training.choices import SHIPPED, Choices
from training.engine_names import Engine
from training.errors import NotPromoted
from training.mlflow_environment import settle_mlflow
from training.progress import Steps

if TYPE_CHECKING:
    from training.champion import Training

NOTHING_TO_DO = 99

Version = Annotated[int, typer.Argument(min=1, help="Number of a registered version.")]


@contextmanager
def training_of(settings: Settings) -> Iterator["Training"]:
    """The steps on the servers of the settings, with a line for each that is done."""
    settle_mlflow(settings.home)
    from training.champion import Training  # noqa: PLC0415  # imports mlflow and scikit-learn: seconds

    with Steps(Console(stderr=True, highlight=False)) as steps:
        yield Training(settings, steps)


def _tell(result: dict[str, Any], nothing_to_do: str | None = None) -> None:
    typer.echo(json.dumps(result))
    if nothing_to_do:
        typer.echo(nothing_to_do, err=True)
        raise typer.Exit(NOTHING_TO_DO)


def snapshot(
    if_due: Annotated[
        bool,
        typer.Option("--if-due", help="Exit 99 soon after the last training, or within a day with too few changes."),
    ] = False,
) -> None:
    """Keep the interactions as they are now, under the hash of their content."""
    with training_of(load_settings()) as training:
        taken = training.take_snapshot()
    result = {"snapshot": taken.snapshot.id, "interactions": taken.snapshot.interactions, "changes": taken.changes}
    _tell(result, taken.wait if if_due else None)


def fit(
    snapshot_id: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="Id of a snapshot.")],
    n_components: Annotated[int, typer.Option(min=1, help="Factors of each movie.")] = SHIPPED.n_components,
    max_iter: Annotated[int, typer.Option(min=1, help="Most iterations of the fit.")] = SHIPPED.max_iter,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same data and seed give the same model.")] = 42,
    purpose: Annotated[
        str | None, typer.Option("--for", help="What it is for: repeated, the version of the first time is given back.")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="What fits the factors.")] = Engine.SCIKIT_LEARN,
) -> None:
    """Fit a model to a snapshot and register it as a candidate."""
    choices = Choices(seed=seed, n_components=n_components, max_iter=max_iter)
    with training_of(load_settings()) as training:
        candidate = training.fit(snapshot_id, choices, purpose, engine)
    _tell({"version": candidate.version, "run_id": candidate.run_id, "snapshot": candidate.snapshot})


def evaluate(version: Version) -> None:
    """Measure a version, popularity and the champion on the same held-out interactions."""
    with training_of(load_settings()) as training:
        metrics = training.evaluate(version)
    _tell({"version": version, "metrics": metrics})


def gate(version: Version) -> None:
    """Decide whether a version may become the champion."""
    with training_of(load_settings()) as training:
        verdict = training.judge(version)
    _tell({"version": version, "passed": verdict.passed, "reason": verdict.reason})


def promote(
    version: Version,
    if_passed: Annotated[
        bool, typer.Option("--if-passed", help="Exit 99, not 1, for a version that the gate rejected.")
    ] = False,
) -> None:
    """Make a version that passed the gate the champion."""
    with training_of(load_settings()) as training:
        try:
            training.promote(version)
        except NotPromoted as refusal:
            if not if_passed:
                raise
            rejected: str | None = str(refusal)
        else:
            rejected = None
    _tell({"version": version, "promoted": rejected is None}, rejected)


def announce() -> None:
    """Tell the running servers who the champion is."""
    with training_of(load_settings()) as training:
        announcement = training.announce()
    _tell(announcement.model_dump(mode="json"))


def expire_snapshots() -> None:
    """Remove snapshots that are older than DATAFLIX_SNAPSHOT_RETENTION_DAYS, but for the champion's."""
    settings = load_settings()
    with training_of(settings) as training:
        removed = training.expire_snapshots(datetime.now(UTC) - timedelta(days=settings.snapshot_retention_days))
    _tell({"removed": removed})
