"""Airflow in the stack: its configuration, its API, and what is remembered of it."""

import json
import threading
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console

from dataflix.settings import Settings
from stack.airflow_api import AirflowApi, Run
from stack.commands.run import Pipeline, _follow, _parameter, run
from stack.errors import BadInput, ServiceFailed
from stack.home import Home
from stack.optional import checked, chosen
from stack.servers import airflow

INSTANCES = [
    {"task_id": "later", "state": None, "start_date": None},
    {"task_id": "second", "state": "running", "start_date": "2026-01-01T00:00:02Z"},
    {"task_id": "first", "state": "success", "start_date": "2026-01-01T00:00:01Z"},
]


class Answers(BaseHTTPRequestHandler):
    """An api-server with one DAG, whose run ends when it has been looked at twice."""

    looks = 0
    away = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            self._answer(201, {"access_token": body["password"]})
        elif body["conf"].get("n_components") == "many":
            self._answer(400, {"detail": "'many' is not of type 'integer'"})
        else:
            self._answer(200, {"dag_run_id": "manual__1", "state": "queued"})

    def do_GET(self) -> None:
        if self.headers["Authorization"] != "Bearer right":
            self._answer(401, {"detail": "no"})
        elif Answers.away:
            Answers.away -= 1
            self._answer(503, {"detail": "restarting"})
        elif "taskInstances" in self.path:
            self._answer(200, {"task_instances": INSTANCES})
        else:
            Answers.looks += 1
            self._answer(200, {"state": "success" if Answers.looks > 1 else "running"})

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def settings() -> Iterator[Settings]:
    Answers.looks = Answers.away = 0
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Settings(airflow_port=server.server_port, airflow_admin_password=SecretStr("right"))
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_is_started_and_followed_to_its_end(settings: Settings) -> None:
    api = AirflowApi(settings)

    run = _follow(api, api.trigger("dataflix_retrain", {"max_iter": 5}), Console(quiet=True))

    assert run == Run(
        "dataflix_retrain", "manual__1", "success", {"first": "success", "second": "running", "later": "waiting"}
    )
    assert list(run.tasks) == ["first", "second", "later"]


def test_a_run_is_followed_while_the_api_server_is_restarted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.commands.run._LOOK_EVERY_S", 0.01)
    api = AirflowApi(settings)
    started = api.trigger("dataflix_retrain", {})
    Answers.away = 3

    assert _follow(api, started, Console(quiet=True)).state == "success"
    assert Answers.away == 0


def test_following_ends_with_a_sentence_when_the_api_server_stays_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.commands.run._LOOK_EVERY_S", 0.01)
    monkeypatch.setattr("stack.commands.run._MAY_BE_AWAY_S", 0.05)
    api = AirflowApi(settings)
    started = api.trigger("dataflix_retrain", {})
    Answers.away = 1_000

    with pytest.raises(ServiceFailed, match="with 503"):
        _follow(api, started, Console(quiet=True))


def test_parameters_that_the_dag_refuses_are_bad_input_with_its_reason(settings: Settings) -> None:
    with pytest.raises(BadInput, match="'many' is not of type 'integer'"):
        AirflowApi(settings).trigger("dataflix_retrain", {"n_components": "many"})


def test_an_airflow_that_is_away_or_refuses_is_a_sentence(settings: Settings) -> None:
    with pytest.raises(ServiceFailed, match="up --with airflow"):
        AirflowApi(Settings(airflow_port=1))
    wrong = AirflowApi(settings.model_copy(update={"airflow_admin_password": SecretStr("wrong")}))
    with pytest.raises(ServiceFailed, match="with 401"):
        wrong.run("dataflix_retrain", "manual__1")


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("max_iter=50", ("max_iter", 50)),
        ("full_refresh=true", ("full_refresh", True)),
        ("name=a=b", ("name", "a=b")),
    ],
)
def test_a_parameter_is_json_where_it_reads_as_json(text: str, pair: tuple[str, Any]) -> None:
    assert _parameter(text) == pair


def test_a_training_by_spark_installs_spark_first(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr("stack.commands.run.ensure", lambda name, _runtime: installed.append(name))
    home = Home(settings.model_copy(update={"optional": "airflow"}))
    monkeypatch.setattr("stack.commands.run.open_home", lambda: home)

    run(Pipeline.RETRAIN, param=["engine=scikit-learn"])
    assert installed == []

    run(Pipeline.RETRAIN, param=["engine=spark", "max_iter=5"])
    assert installed == ["spark"]


def test_a_parameter_without_a_value_is_refused() -> None:
    with pytest.raises(BadInput, match="NAME=VALUE"):
        _parameter("max_iter")


def test_options_are_remembered_each_once_and_an_unknown_one_is_refused() -> None:
    assert checked(["airflow", "airflow"]) == ("airflow",)
    assert chosen(Settings(optional="")) == ()
    assert [option.name for option in chosen(Settings(optional="airflow"))] == ["airflow"]
    with pytest.raises(BadInput, match="choose from airflow"):
        checked(["airship"])


def test_it_listens_on_loopback_alone_and_serves_no_logs_beside_its_api(tmp_path: Path) -> None:
    home = Home(Settings(home=tmp_path, port_offset=500, optional="airflow"))
    configured = airflow.environment(home)

    assert configured["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert configured["AIRFLOW__API__PORT"] == "8580"
    (option,) = chosen(home.settings)
    for service in option.services(home):
        if service.name in ("airflow-scheduler", "airflow-triggerer"):
            assert "--skip-serve-logs" in service.command


def test_the_fernet_key_is_one(tmp_path: Path) -> None:
    home = Home(Settings(home=tmp_path, airflow_fernet_secret_key=SecretStr("a-text-of-some-length")))

    assert len(urlsafe_b64decode(airflow.environment(home)["AIRFLOW__CORE__FERNET_KEY"])) == 32
