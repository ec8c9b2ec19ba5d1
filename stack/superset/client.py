"""Superset's REST API, as far as dashboards as code need it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from dataflix.settings import Settings
from stack.errors import ServiceFailed
from stack.servers.superset import USER

TIMEOUT_S = 60.0
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as Superset knows it."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard as Superset knows it."""

    id: int
    title: str
    url: str


class SupersetApi:
    """Superset of one home, as its administrator. Every method raises ServiceFailed when it is away or refuses."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.superset.url
        self._session = requests.Session()
        # The addresses of this stack are no proxy's business
        self._session.trust_env = False
        login = {
            "username": USER,
            "password": settings.superset_admin_password.get_secret_value(),
            "provider": "db",
        }
        token = self._ask("POST", "/api/v1/security/login", json=login).json()["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._session.close()

    def import_assets(self, bundle: bytes) -> None:
        """Create or overwrite everything that is in ``bundle``, a zip of Superset's assets."""
        csrf = self._ask("GET", "/api/v1/security/csrf_token/").json()["result"]
        self._ask(
            "POST",
            "/api/v1/assets/import/",
            files={"bundle": ("assets.zip", bundle, "application/zip")},
            headers={"X-CSRFToken": csrf, "Referer": self._url},
        )

    def export_assets(self) -> bytes:
        """Everything that Superset holds, as a zip."""
        return self._ask("GET", "/api/v1/assets/export/").content

    def dashboards(self) -> list[Dashboard]:
        """Every dashboard, by title."""
        found = self._ask("GET", f"/api/v1/dashboard/?q=(page_size:{_MOST})").json()["result"]
        dashboards = (Dashboard(one["id"], one["dashboard_title"], one["url"]) for one in found)
        return sorted(dashboards, key=lambda dashboard: dashboard.title)

    def charts(self, dashboard: Dashboard) -> list[Chart]:
        """The charts of a dashboard, by name."""
        found = self._ask("GET", f"/api/v1/dashboard/{dashboard.id}/charts").json()["result"]
        return sorted((Chart(one["id"], one["slice_name"]) for one in found), key=lambda chart: chart.name)

    def rows(self, chart: Chart) -> int:
        """Run the queries of ``chart`` on its source, past every cache; the rows that they returned."""
        answer = self._ask("GET", f"/api/v1/chart/{chart.id}/data/?force=true").json()
        return sum(int(one["rowcount"]) for one in answer["result"])

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            response = self._session.request(method, f"{self._url}{path}", timeout=TIMEOUT_S, **options)
        except requests.RequestException as error:
            raise ServiceFailed(
                f"Superset does not answer at {self._url} ({type(error).__name__}): start it with "
                "`bin/dataflix up --with superset`."
            ) from None
        if response.status_code != HTTPStatus.OK:
            raise ServiceFailed(
                f"Superset at {self._url} answers {method} {path.partition('?')[0]} with {response.status_code}"
                f"{_reason(response)}: see `bin/dataflix logs superset`."
            )
        return response


def _reason(response: requests.Response) -> str:
    """What Superset says is wrong, in its words; empty where it says nothing readable."""
    try:
        told = response.json()
    except json.JSONDecodeError:
        return ""
    errors = told.get("errors") if isinstance(told, Mapping) else None
    said = errors[0].get("message") if errors else told.get("message")
    return f" ({said})" if said else ""


@contextmanager
def superset_api(settings: Settings) -> Iterator[SupersetApi]:
    """The API, logged in; closed at the end of the block."""
    api = SupersetApi(settings)
    try:
        yield api
    finally:
        api.close()
