"""MLflow as training uses it: a run for each training, a registered version for each run, one champion."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import mlflow
import pandas as pd
import requests
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types.schema import Array, ColSpec, DataType, ParamSchema, ParamSpec, Schema

import dataflix
from dataflix import recommender
from dataflix.errors import SourceUnavailable
from dataflix.model_registry import CHAMPION, EXPERIMENT, ITEM_MODEL_FILE, MODEL_NAME, Announcement, item_model_path
from dataflix.recommender import ItemModel
from training.choices import Choices

SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(Array(DataType.long), "movie_ids"), ColSpec(Array(DataType.double), "ratings")]),
    outputs=Schema([ColSpec(Array(DataType.long), "movie_ids"), ColSpec(Array(DataType.double), "scores")]),
    params=ParamSchema([ParamSpec("limit", DataType.long, 10)]),
)
DESCRIPTION = "Item factors of a non-negative matrix factorisation; a person's history is folded in when they ask."
# What the logged model needs beside its own code.
REQUIREMENTS = ("mlflow", "numpy", "pandas")


class ModelRegistry:
    """Where models are recorded, at the MLflow server of ``url``."""

    def __init__(self, url: str) -> None:
        self._url = url
        mlflow.set_tracking_uri(url)
        self._client = mlflow.MlflowClient(url)

    def record(
        self, model: ItemModel, choices: Choices, metrics: Mapping[str, float], tags: Mapping[str, str]
    ) -> Announcement:
        """Log a run with its model, register the model as a new version, and give it the alias of the champion.

        The alias moves last: when a step before it fails, the champion of before serves on.
        Raises SourceUnavailable when MLflow does not answer or refuses.
        """
        with self._answering(), tempfile.TemporaryDirectory() as folder:
            mlflow.set_experiment(EXPERIMENT)
            with mlflow.start_run(tags=dict(tags)) as run:
                mlflow.log_params(asdict(choices))
                mlflow.log_metrics(dict(metrics))
                logged = mlflow.pyfunc.log_model(
                    name="model",
                    python_model=str(Path(__file__).with_name("served_model.py")),
                    artifacts={"item_model": str(_item_model_file(model, Path(folder)))},
                    code_paths=[str(_served_code(Path(folder)))],
                    pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
                    signature=SIGNATURE,
                    input_example=_example(model),
                )
            registered = self._register(logged.model_uri, logged.model_id, run.info.run_id)
            uri = self._client.get_model_version_download_uri(MODEL_NAME, str(registered))
            announcement = Announcement(
                name=MODEL_NAME,
                version=registered,
                run_id=run.info.run_id,
                alias=CHAMPION,
                item_model=item_model_path(uri),
                metrics=dict(metrics),
                at=datetime.now(UTC),
            )
            self._client.set_registered_model_alias(MODEL_NAME, CHAMPION, str(registered))
        return announcement

    def _register(self, uri: str, model_id: str, run_id: str) -> int:
        try:
            self._client.create_registered_model(MODEL_NAME, description=DESCRIPTION)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        return int(self._client.create_model_version(MODEL_NAME, uri, run_id, model_id=model_id).version)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (MlflowException, requests.RequestException) as error:
            raise SourceUnavailable(
                f"MLflow at {self._url} does not answer or refuses ({_reason(error)}): see that it and the object "
                "store run (`bin/dataflix status`), and `bin/dataflix logs mlflow`. The champion is unchanged."
            ) from error


def _reason(error: Exception) -> str:
    return str(error.error_code) if isinstance(error, MlflowException) else type(error).__name__


def _item_model_file(model: ItemModel, folder: Path) -> Path:
    file = folder / ITEM_MODEL_FILE
    file.write_bytes(model.to_bytes())
    return file


def _served_code(folder: Path) -> Path:
    """Just the part of the kernel that the logged model runs, as a package of the same name."""
    package = folder / "code" / dataflix.__name__
    kernel = Path(recommender.__file__).parent
    shutil.copytree(kernel, package / kernel.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "errors.py"):
        shutil.copy(kernel.parent / name, package)
    return package


def _example(model: ItemModel) -> tuple[pd.DataFrame, dict[str, int]]:
    """Somebody who rated two movies, and somebody new."""
    rated = model.item_ids[:2].tolist()
    return pd.DataFrame({"movie_ids": [rated, []], "ratings": [[4.5] * len(rated), []]}), {"limit": 5}
