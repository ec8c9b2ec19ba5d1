"""The model as MLflow keeps it: its arrays, the source that serves them, and a signature. Nothing is pickled."""

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types.schema import Array, ColSpec, DataType, ParamSchema, ParamSpec, Schema

import dataflix
from dataflix import recommender
from dataflix.model_registry import ITEM_MODEL_FILE
from dataflix.recommender import ItemModel, model_to_bytes

SIGNATURE: Final = ModelSignature(
    inputs=Schema([ColSpec(Array(DataType.long), "movie_ids"), ColSpec(Array(DataType.double), "ratings")]),
    outputs=Schema([ColSpec(Array(DataType.long), "movie_ids"), ColSpec(Array(DataType.double), "scores")]),
    params=ParamSchema([ParamSpec("limit", DataType.long, 10)]),
)
# What the logged model needs beside its own code
REQUIREMENTS: Final = ("mlflow", "numpy", "pandas")


def log_model(model: ItemModel) -> Any:
    """Log ``model`` with the run that is active; what MLflow tells of it (its ``model_uri`` and ``model_id``)."""
    with tempfile.TemporaryDirectory() as folder:
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("served_model.py")),
            artifacts={"item_model": str(_item_model_file(model, Path(folder)))},
            code_paths=[str(_served_code(Path(folder)))],
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
            signature=SIGNATURE,
            input_example=_example(model),
        )


def _item_model_file(model: ItemModel, folder: Path) -> Path:
    file = folder / ITEM_MODEL_FILE
    file.write_bytes(model_to_bytes(model))
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
