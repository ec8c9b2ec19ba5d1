"""Superset in the stack: its API, and the check of its charts."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from dataflix.settings import Settings
from stack.errors import ServiceFailed
from stack.superset.checking import Answer, all_answered, as_document, check
from stack.superset.client import superset_api


class Answers(BaseHTTPRequestHandler):
    """A Superset with one dashboard of two charts, one of which ClickHouse refuses."""

    imports = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/v1/security/login":
            wrong = json.loads(body)["password"] != "right"
            self._answer(401 if wrong else 200, {"message": "no"} if wrong else {"access_token": "token"})
        elif self.headers["X-CSRFToken"] == "csrf" and self.headers["Referer"] and b"the bundle" in body:
            Answers.imports += 1
            self._answer(200, {"message": "OK"})
        else:
            self._answer(400, {"errors": [{"message": "The CSRF token is missing"}]})

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        found: dict[str, Any] = {
            "/api/v1/security/csrf_token/": {"result": "csrf"},
            "/api/v1/dashboard/": {"result": [{"id": 1, "dashboard_title": "Analytics", "url": "/one"}]},
            "/api/v1/dashboard/1/charts": {"result": [{"id": 3, "slice_name": "B"}, {"id": 2, "slice_name": "A"}]},
            "/api/v1/chart/2/data/": {"result": [{"rowcount": 4}, {"rowcount": 1}]},
        }
        if self.headers["Authorization"] != "Bearer token":
            self._answer(401, {"message": "no"})
        elif path in found:
            self._answer(200, found[path])
        else:
            self._answer(400, {"message": "Code: 60. Unknown table"})

    def _answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def settings() -> Iterator[Settings]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Settings(superset_port=server.server_port, superset_admin_password=SecretStr("right"))
    server.shutdown()
    server.server_close()


def test_every_chart_of_every_dashboard_is_asked_for_its_data(settings: Settings) -> None:
    with superset_api(settings) as api:
        answers = check(api)
    assert list(answers) == ["Analytics"]
    assert list(answers["Analytics"]) == ["A", "B"]
    well, ill = answers["Analytics"].values()
    assert (well.rows, well.error) == (5, None)
    assert "Unknown table" in str(ill.error)
    assert not all_answered(answers)


def test_a_check_without_charts_is_no_success() -> None:
    well = Answer(rows=0, ms=1.5, error=None)
    assert all_answered({"Analytics": {"A": well}})
    assert not all_answered({})
    assert not all_answered({"Analytics": {}})
    assert as_document({"Analytics": {"A": well}}) == {
        "dashboards": {"Analytics": {"A": {"rows": 0, "ms": 1.5, "error": None}}}
    }


def test_an_import_proves_where_it_comes_from(settings: Settings) -> None:
    before = Answers.imports
    with superset_api(settings) as api:
        api.import_assets(b"the bundle")
        with pytest.raises(ServiceFailed, match=r"400 \(The CSRF token is missing\)"):
            api.import_assets(b"something else")
    assert Answers.imports == before + 1


def test_a_refused_password_and_a_superset_that_is_away_are_sentences(settings: Settings) -> None:
    refused = settings.model_copy(update={"superset_admin_password": SecretStr("wrong")})
    with (
        pytest.raises(ServiceFailed, match=r"with 401 \(no\): see `bin/dataflix logs superset`"),
        superset_api(refused),
    ):
        pass
    away = settings.model_copy(update={"superset_port": 1})
    with pytest.raises(ServiceFailed, match=r"does not answer .* start it with"), superset_api(away):
        pass
