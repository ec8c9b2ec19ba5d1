"""MLflow as training uses it: a run for each training, a registered version for each run, one champion."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import mlflow
from mlflow.entities import DatasetInput, Metric
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from dataflix.errors import NotFound
from dataflix.model_registry import CHAMPION, EXPERIMENT, MODEL_NAME, Announcement, item_model_path
from dataflix.recommender import ItemModel
from training.candidates import (
    BEFORE_TAG,
    COMPARED_TAG,
    FORCED_TAG,
    GATE_TAG,
    NOBODY,
    PASSED,
    REASON_TAG,
    REJECTED,
    SINCE_TAG,
    WITHDRAWN_TAG,
    Candidate,
)
from training.choices import Choices, recorded_choices
from training.gate import Verdict
from training.logged_model import log_model
from training.mlflow_server import answering

DESCRIPTION = "Item factors and next-item neighbours, blended; a history is folded in when somebody asks."
_NEWEST = 100
# What MLflow answers for a model, a version and an alias that do not exist
_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


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
        with self._answering():
            mlflow.set_experiment(EXPERIMENT)
            with mlflow.start_run(tags=dict(tags)) as run:
                mlflow.log_params(asdict(choices))
                mlflow.log_metrics(dict(metrics))
                logged = log_model(model)
            self._keep_registered_model()
            registered = self._client.create_model_version(
                MODEL_NAME, logged.model_uri, run.info.run_id, tags=dict(tags), model_id=logged.model_id
            )
        return _candidate(registered)

    def newest(self, limit: int = _NEWEST) -> list[Candidate]:
        """The versions that were registered last, newest first."""
        with self._answering():
            found = self._client.search_model_versions(
                f"name = '{MODEL_NAME}'", max_results=limit, order_by=["version_number DESC"]
            )
        return [_candidate(one) for one in found]

    def get(self, number: int) -> Candidate:
        """The version of this number. Raises NotFound."""
        with self._answering():
            found = self._unless_absent(lambda: self._client.get_model_version(MODEL_NAME, str(number)))
        if found is None:
            raise NotFound(
                f"There is no version {number} of {MODEL_NAME} at {self._url}: "
                "`bin/dataflix models list` shows those there are."
            )
        return _candidate(found)

    def champion(self) -> Candidate | None:
        """The version that carries the alias; None when none does."""
        with self._answering():
            found = self._unless_absent(lambda: self._client.get_model_version_by_alias(MODEL_NAME, CHAMPION))
        return None if found is None else _candidate(found)

    def choices(self, candidate: Candidate) -> Choices:
        """What was chosen for it; where its run does not record a choice, what ships."""
        return recorded_choices(self.recorded(candidate)[1])

    def recorded(self, candidate: Candidate) -> tuple[dict[str, float], dict[str, str]]:
        """Everything that was measured on it, and what was chosen for it, by whatever release."""
        with self._answering():
            data = self._client.get_run(candidate.run_id).data
        return dict(data.metrics), dict(data.params)

    def metrics(self, candidate: Candidate) -> dict[str, float]:
        """Everything that was measured on it."""
        return self.recorded(candidate)[0]

    def note(self, candidate: Candidate, metrics: Mapping[str, float]) -> None:
        """Add measurements to its run; one of the same name is the newer one."""
        at = int(datetime.now(UTC).timestamp() * 1000)
        with self._answering():
            self._client.log_batch(
                candidate.run_id, metrics=[Metric(name, value, at, 0) for name, value in metrics.items()]
            )

    def learned_from(self, candidate: Candidate, data_set: DatasetInput) -> None:
        """Keep with its run what it was trained on."""
        with self._answering():
            self._client.log_inputs(candidate.run_id, [data_set])

    def attach(self, candidate: Candidate, files: Mapping[str, bytes]) -> None:
        """Keep files with its run, by their paths below its artifacts."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                file = Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            with self._answering():
                self._client.log_artifacts(candidate.run_id, folder)

    def describe(self, candidate: Candidate, card: str) -> None:
        """Keep its card, where its page shows it and with its run."""
        self.attach(candidate, {"model_card.md": card.encode()})
        with self._answering():
            self._client.update_model_version(MODEL_NAME, str(candidate.version), card)

    def judge(self, candidate: Candidate, verdict: Verdict) -> Candidate:
        """Keep what the gate decided; the candidate with its verdict."""
        return self._tagged(candidate, {GATE_TAG: PASSED if verdict.passed else REJECTED, REASON_TAG: verdict.reason})

    def compared(self, candidate: Candidate, champion: Candidate | None) -> Candidate:
        """Keep which champion it was measured beside; the candidate with that."""
        return self._tagged(candidate, {COMPARED_TAG: str(champion.version) if champion else NOBODY})

    def promote(self, candidate: Candidate, before: Candidate | None, forced: str | None) -> None:
        """Give it the alias of the champion, which ``before`` has had; and keep why, where the gate was overruled."""
        tags = {BEFORE_TAG: str(before.version) if before else NOBODY, SINCE_TAG: _now()}
        self._tagged(candidate, tags | ({FORCED_TAG: forced} if forced else {}))
        self._alias(candidate)

    def roll_back(self, champion: Candidate, to: Candidate, reason: str) -> None:
        """Give the alias back to the one before, and keep why."""
        self._tagged(champion, {WITHDRAWN_TAG: f"{_now()} {reason}".strip()})
        self._tagged(to, {SINCE_TAG: _now()})
        self._alias(to)

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

    def _alias(self, candidate: Candidate) -> None:
        with self._answering():
            self._client.set_registered_model_alias(MODEL_NAME, CHAMPION, str(candidate.version))

    def _tagged(self, candidate: Candidate, tags: Mapping[str, str]) -> Candidate:
        with self._answering():
            for key, value in tags.items():
                self._client.set_model_version_tag(MODEL_NAME, str(candidate.version), key, value)
        return replace(candidate, tags={**candidate.tags, **tags})

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

    def _answering(self) -> AbstractContextManager[None]:
        return answering(self._url)


def _candidate(found: ModelVersion) -> Candidate:
    at = datetime.fromtimestamp(found.creation_timestamp / 1000, UTC)
    return Candidate(int(found.version), str(found.run_id), at, dict(found.tags))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
