"""Airflow's REST API, as far as starting a DAG and watching it goes."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from dataflix.settings import Settings
from stack.errors import BadInput, ServiceFailed
from stack.servers.airflow import USER

TIMEOUT_S = 30.0
_ENDED = frozenset({"success", "failed"})


class AirflowAway(ServiceFailed):
    """Airflow does not answer now, and may soon again."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a DAG as it stands."""

    dag: str
    id: str
    state: str
    tasks: Mapping[str, str]
    """State by task, in the order in which they started; those that have not stand at the end."""

    @property
    def has_ended(self) -> bool:
        return self.state in _ENDED


class AirflowApi:
    """Airflow of one home. Every method raises AirflowAway when it does not answer, ServiceFailed when it refuses."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.airflow.url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        password = settings.airflow_admin_password.get_secret_value()
        self._token = ""
        self._token = self._ask("POST", "/auth/token", {"username": USER, "password": password})["access_token"]

    def trigger(self, dag: str, params: Mapping[str, Any]) -> Run:
        """Start a run. Raises BadInput for params that the DAG does not take."""
        told = self._ask("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None, "conf": dict(params)})
        return Run(dag, told["dag_run_id"], told["state"], {})

    def run(self, dag: str, run_id: str) -> Run:
        """How a run stands now."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run_id}"
        state = self._ask("GET", path)["state"]
        instances = self._ask("GET", f"{path}/taskInstances?limit=500")["task_instances"]
        instances.sort(key=lambda one: (one["start_date"] is None, one["start_date"] or "", one["task_id"]))
        return Run(dag, run_id, state, {one["task_id"]: one["state"] or "waiting" for one in instances})

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - an address of this stack
            f"{self._url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                if error.code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
                    raise BadInput(f"Airflow does not take these parameters: {_detail(error)}") from None
            failure = AirflowAway if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR else ServiceFailed
            raise failure(
                f"Airflow at {self._url} answers {method} {path} with {error.code}: see "
                "`bin/dataflix logs airflow-api-server`."
            ) from None
        except (OSError, ValueError) as error:
            raise AirflowAway(
                f"Airflow does not answer at {self._url} ({type(error).__name__}): start it with "
                "`bin/dataflix up --with airflow`."
            ) from None


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} without a reason"
