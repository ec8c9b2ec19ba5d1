"""MLflow as training uses it: a run for each training, a registered version for each run, one champion."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import mlflow
import pandas as pd
import requests
from mlflow.entities import Metric
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types.schema import Array, ColSpec, DataType, ParamSchema, ParamSpec, Schema

import dataflix
from dataflix import recommender
from dataflix.errors import NotFound, SourceUnavailable
from dataflix.model_registry import CHAMPION, EXPERIMENT, ITEM_MODEL_FILE, MODEL_NAME, Announcement, item_model_path
from dataflix.recommender import ItemModel, model_to_bytes
from training.choices import Choices
from training.gate import Verdict

SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(Array(DataType.long), "movie_ids"), ColSpec(Array(DataType.double), "ratings")]),
    outputs=Schema([ColSpec(Array(DataType.long), "movie_ids"), ColSpec(Array(DataType.double), "scores")]),
    params=ParamSchema([ParamSpec("limit", DataType.long, 10)]),
)
DESCRIPTION = "Item factors and next-item neighbours, blended; a history is folded in when somebody asks."
# What the logged model needs beside its own code.
REQUIREMENTS = ("mlflow", "numpy", "pandas")
SNAPSHOT_TAG = "snapshot"
PURPOSE_TAG = "trained_for"
GATE_TAG = "gate"
REASON_TAG = "gate_reason"
_PASSED = "passed"
_NEWEST = 100
# What MLflow answers for a model, a version and an alias that do not exist
_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A registered version, as training knows it."""

    version: int
    run_id: str
    at: datetime
    tags: Mapping[str, str]

    @property
    def snapshot(self) -> str | None:
        """Id of the data set that it was trained on."""
        return self.tags.get(SNAPSHOT_TAG)

    @property
    def verdict(self) -> Verdict | None:
        """What the gate decided; None when it has not been asked."""
        if GATE_TAG not in self.tags:
            return None
        return Verdict(passed=self.tags[GATE_TAG] == _PASSED, reason=self.tags.get(REASON_TAG, ""))


class ModelRegistry:
    """Where models are recorded, at the MLflow server of ``url``.

    Every method raises SourceUnavailable when MLflow does not answer or refuses.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        mlflow.set_tracking_uri(url)
        self._client = mlflow.MlflowClient(url)

    def register(
        self, model: ItemModel, choices: Choices, metrics: Mapping[str, float], tags: Mapping[str, str]
    ) -> Candidate:
        """Log a run with its model, and register the model as a new version. The champion stays who it is."""
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
            self._keep_registered_model()
            registered = self._client.create_model_version(
                MODEL_NAME, logged.model_uri, run.info.run_id, tags=dict(tags), model_id=logged.model_id
            )
        return _candidate(registered)

    def newest(self) -> list[Candidate]:
        """The versions that were registered last, newest first: at most a hundred."""
        with self._answering():
            found = self._client.search_model_versions(
                f"name = '{MODEL_NAME}'", max_results=_NEWEST, order_by=["version_number DESC"]
            )
        return [_candidate(one) for one in found]

    def get(self, number: int) -> Candidate:
        """The version of this number. Raises NotFound."""
        with self._answering():
            found = self._unless_absent(lambda: self._client.get_model_version(MODEL_NAME, str(number)))
        if found is None:
            raise NotFound(f"There is no version {number} of {MODEL_NAME} at {self._url}: see what MLflow lists.")
        return _candidate(found)

    def champion(self) -> Candidate | None:
        """The version that carries the alias; None when none does."""
        with self._answering():
            found = self._unless_absent(lambda: self._client.get_model_version_by_alias(MODEL_NAME, CHAMPION))
        return None if found is None else _candidate(found)

    def choices(self, candidate: Candidate) -> Choices | None:
        """What was chosen for it; None when its run does not record every choice of this release."""
        with self._answering():
            recorded = self._client.get_run(candidate.run_id).data.params
        try:
            return Choices(**{name: type(value)(recorded[name]) for name, value in asdict(Choices()).items()})
        except (KeyError, ValueError):
            return None

    def metrics(self, candidate: Candidate) -> dict[str, float]:
        """Everything that was measured on it."""
        with self._answering():
            return dict(self._client.get_run(candidate.run_id).data.metrics)

    def note(self, candidate: Candidate, metrics: Mapping[str, float]) -> None:
        """Add measurements to its run; one of the same name is the newer one."""
        at = int(datetime.now(UTC).timestamp() * 1000)
        with self._answering():
            self._client.log_batch(
                candidate.run_id, metrics=[Metric(name, value, at, 0) for name, value in metrics.items()]
            )

    def judge(self, candidate: Candidate, verdict: Verdict) -> None:
        """Keep what the gate decided."""
        with self._answering():
            tags = {GATE_TAG: _PASSED if verdict.passed else "rejected", REASON_TAG: verdict.reason}
            for key, value in tags.items():
                self._client.set_model_version_tag(MODEL_NAME, str(candidate.version), key, value)

    def promote(self, candidate: Candidate) -> None:
        """Give it the alias of the champion."""
        with self._answering():
            self._client.set_registered_model_alias(MODEL_NAME, CHAMPION, str(candidate.version))

    def announcement(self, champion: Candidate) -> Announcement:
        """What the running servers are told of it."""
        with self._answering():
            uri = self._client.get_model_version_download_uri(MODEL_NAME, str(champion.version))
        return Announcement(
            name=MODEL_NAME,
            version=champion.version,
            run_id=champion.run_id,
            alias=CHAMPION,
            item_model=item_model_path(uri),
            metrics=self.metrics(champion),
            at=datetime.now(UTC),
        )

    def _keep_registered_model(self) -> None:
        try:
            self._client.create_registered_model(MODEL_NAME, description=DESCRIPTION)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    @staticmethod
    def _unless_absent(ask: Callable[[], ModelVersion]) -> ModelVersion | None:
        try:
            return ask()
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return None
            raise

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (MlflowException, requests.RequestException) as error:
            raise SourceUnavailable(
                f"MLflow at {self._url} does not answer or refuses ({_reason(error)}): see that it and the object "
                "store run (`bin/dataflix status`), and `bin/dataflix logs mlflow`. The champion is unchanged."
            ) from error


def _candidate(found: ModelVersion) -> Candidate:
    at = datetime.fromtimestamp(found.creation_timestamp / 1000, UTC)
    return Candidate(int(found.version), str(found.run_id), at, dict(found.tags))


def _reason(error: Exception) -> str:
    return str(error.error_code) if isinstance(error, MlflowException) else type(error).__name__


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
