"""``python -m training forget USER_ID``, which ``bin/dataflix forget`` runs at its end."""

import json
from typing import Annotated

import typer

from dataflix.settings import load_settings
from training.mlflow_environment import settle_mlflow


def forget(user_id: Annotated[int, typer.Argument(min=1, help="Number of a person.")]) -> None:
    """Remove the data sets of trainings that hold a person, and tell which versions were trained on them, as JSON."""
    from training.forgetting import Forgotten, who_saw  # noqa: PLC0415
    from training.object_store import open_object_store  # noqa: PLC0415  # imports minio
    from training.snapshots import SnapshotStore  # noqa: PLC0415  # imports pyarrow

    settings = load_settings()
    store = SnapshotStore(open_object_store(settings))
    kept = store.ids()
    held = [one for one in kept if store.holds(one, user_id)]
    settle_mlflow(settings.home)
    from training.registry import ModelRegistry  # noqa: PLC0415  # imports mlflow: seconds

    registry = ModelRegistry(settings.mlflow.url)
    champion = registry.champion()
    saw, unknown = who_saw(registry.newest(), held, kept)
    store.remove(held)
    told = Forgotten(tuple(held), saw, unknown, champion.version if champion else None)
    typer.echo(json.dumps(told.as_json()))
