"""Searches in MLflow: a run for each search, and below it one for each trial."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from dataflix.errors import NotFound
from dataflix.model_registry import EXPERIMENT
from training.choices import Choices, recorded_choices
from training.mlflow_server import answering
from training.tuning.halving import SHARES, Found, Trial

KIND_TAG: Final = "kind"
SEARCH, TRIAL = "search", "trial"
NDCG: Final = "validation_ndcg_at_10"
_FINISHED, _FAILED = "FINISHED", "FAILED"


class TrialsLog:
    """The searches at the MLflow server of ``url``. Every method raises SourceUnavailable."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = mlflow.MlflowClient(url)
        self._runs: dict[int, str] = {}
        mlflow.set_tracking_uri(url)

    @contextmanager
    def search(self, data_set: str) -> Iterator[str]:
        """A run for a search, which fails with what is done in the block; its id."""
        with answering(self._url):
            experiment = mlflow.set_experiment(EXPERIMENT).experiment_id
            tags = {KIND_TAG: SEARCH, MLFLOW_RUN_NAME: "tuning", "snapshot": data_set}
            run_id = str(self._client.create_run(experiment, tags=tags).info.run_id)
        status = _FAILED
        try:
            yield run_id
            status = _FINISHED
        finally:
            with answering(self._url):
                for run in (*self._runs.values(), run_id):
                    self._client.set_terminated(run, status)

    def tried(self, search: str, trial: Trial) -> None:
        """Keep the newest round of a trial; the step of the metric is the round."""
        with answering(self._url):
            if trial.number not in self._runs:
                experiment = self._client.get_run(search).info.experiment_id
                tags = {KIND_TAG: TRIAL, MLFLOW_PARENT_RUN_ID: search, MLFLOW_RUN_NAME: f"trial {trial.number}"}
                self._runs[trial.number] = str(self._client.create_run(experiment, tags=tags).info.run_id)
                self._client.log_batch(self._runs[trial.number], params=_params(trial.choices))
            share, value = list(trial.ndcg.items())[-1]
            metric = Metric(NDCG, value, _now_ms(), SHARES.index(share))
            self._client.log_batch(self._runs[trial.number], metrics=[metric])

    def found(self, search: str, found: Found) -> None:
        """Keep the best choices with the search."""
        figures = {
            NDCG: found.best.people.mean(),
            f"shipped_{NDCG}": found.shipped.people.mean(),
            "difference": found.difference.value,
            "difference_lower": found.difference.lower,
            "difference_upper": found.difference.upper,
        }
        metrics = [Metric(name, float(value), _now_ms(), 0) for name, value in figures.items()]
        tags = [RunTag("best_trial", str(found.best.number))]
        with answering(self._url):
            self._client.log_batch(search, metrics=metrics, params=_params(found.best.choices), tags=tags)

    def best_choices(self) -> Choices:
        """The best of the newest search that ended. Raises NotFound where there is none."""
        with answering(self._url):
            experiment = self._client.get_experiment_by_name(EXPERIMENT)
            runs = experiment and self._client.search_runs(
                [experiment.experiment_id],
                f"tags.{KIND_TAG} = '{SEARCH}' and attributes.status = '{_FINISHED}'",
                max_results=1,
                order_by=["attributes.start_time DESC"],
            )
        if not runs:
            raise NotFound(f"MLflow at {self._url} knows of no search that ended: `bin/dataflix tune` makes one.")
        return recorded_choices(runs[0].data.params)


def as_json(run_id: str, found: Found) -> Mapping[str, Any]:
    """What a search found, for a program."""
    return {
        "run_id": run_id,
        "best": asdict(found.best.choices),
        "best_trial": found.best.number,
        "ndcg@10": float(found.best.people.mean()),
        "shipped_ndcg@10": float(found.shipped.people.mean()),
        "difference": found.difference._asdict(),
        "trials": [
            {"number": one.number, "ndcg@10": {f"{share:g}": value for share, value in one.ndcg.items()}}
            for one in found.trials
        ],
    }


def _params(choices: Choices) -> list[Param]:
    return [Param(name, str(value)) for name, value in asdict(choices).items()]


def _now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
