"""Dashboards as code: the files, what Superset imports of them, and what comes back."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from dataflix.settings import Settings
from stack.superset import assets
from stack.superset.canonical import canonical, whole
from stack.superset.queries import query_context

FILES = assets.read()
SETTINGS = Settings(clickhouse_superset_password=SecretStr("p@ss/word"), port_offset=7)


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {path: yaml.safe_load(text) for path, text in FILES.items() if path.startswith(f"{kind}/")}


def imported(files: Mapping[str, str] = FILES) -> dict[str, dict[str, Any]]:
    """What Superset is given, by path."""
    with zipfile.ZipFile(io.BytesIO(assets.bundle(files, SETTINGS))) as archive:
        names = (name for name in archive.namelist() if not name.endswith("metadata.yaml"))
        return {name.removeprefix("assets/"): yaml.safe_load(archive.read(name)) for name in names}


def exported(given: Mapping[str, Mapping[str, Any]]) -> bytes:
    """What Superset gives back of it, with all that it adds."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("assets_export_1/metadata.yaml", "type: assets")
        for number, (path, asset) in enumerate(given.items(), 31):
            told = json.loads(json.dumps(asset)) | {"certified_by": None, "tags": []}
            if path.startswith("databases/"):
                told["sqlalchemy_uri"] = "clickhousedb://superset:XXXXXXXXXX@127.0.0.1:8130/analytics"
            if path.startswith("charts/"):
                told["params"] |= {"datasource": "3__table", "slice_id": number, "dashboards": [1]}
            for part in told.get("position", {}).values():
                if isinstance(part, dict) and part["type"] == "CHART":
                    part["meta"] |= {"chartId": part["meta"]["chartId"] + 100, "sliceName": "As shown"}
            archive.writestr(f"assets_export_1/{path.replace('.yaml', f'_{number}.yaml')}", yaml.safe_dump(told))
    return packed.getvalue()


def test_what_superset_gives_back_is_what_it_was_given() -> None:
    assert assets.unpacked(exported(imported()), FILES) == FILES


def test_an_edit_in_the_browser_is_a_difference_in_one_file() -> None:
    given = imported()
    path = next(path for path in given if path.startswith("charts/"))
    given[path]["slice_name"] = "Renamed"
    back = assets.unpacked(exported(given), FILES)
    assert [name for name in FILES if back[name] != FILES[name]] == [path]
    assert yaml.safe_load(back[path])["slice_name"] == "Renamed"


def test_what_was_made_in_the_browser_is_a_file_named_by_its_title(tmp_path: Path) -> None:
    given = imported()
    chart = next(asset for path, asset in given.items() if path.startswith("charts/"))
    given["charts/new.yaml"] = chart | {"slice_name": "Likes, by year!", "uuid": "0b0f0b0f-0000-4000-8000-000000000000"}
    del given["charts/aggregated_ratings.yaml"]
    assets.write(FILES, tmp_path)
    changed = assets.write(assets.unpacked(exported(given), FILES), tmp_path)
    assert changed == ["charts/likes_by_year.yaml", "charts/aggregated_ratings.yaml"]
    assert (tmp_path / changed[0]).is_file()
    assert not (tmp_path / changed[1]).exists()
    assert assets.write(assets.read(tmp_path), tmp_path) == []


def test_every_file_is_as_an_export_writes_it() -> None:
    for path, text in FILES.items():
        kind = path.partition("/")[0]
        assert assets.written(canonical(kind, whole(kind, yaml.safe_load(text)))) == text, path


def test_no_file_holds_a_password_or_an_address() -> None:
    assert [asset["sqlalchemy_uri"] for asset in of_kind("databases").values()] == [assets.ANYWHERE]
    given = next(asset for path, asset in imported().items() if path.startswith("databases/"))
    assert given["sqlalchemy_uri"] == "clickhousedb://superset:p%40ss%2Fword@127.0.0.1:8130/analytics"


def test_every_chart_is_on_a_dashboard_and_every_reference_leads_somewhere() -> None:
    datasets = {asset["uuid"]: asset for asset in of_kind("datasets").values()}
    charts = {asset["uuid"]: asset for asset in of_kind("charts").values()}
    placed = {
        part["meta"]["uuid"]
        for dashboard in of_kind("dashboards").values()
        for part in dashboard["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    }
    assert placed == charts.keys()
    for chart in charts.values():
        dataset = datasets[chart["dataset_uuid"]]
        columns = {column["column_name"] for column in dataset["columns"]}
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        query = query_context(chart["params"])["queries"][0]
        asked = {one["label"] if isinstance(one, dict) else one for one in query["columns"]}
        assert asked <= columns, chart["slice_name"]
        assert {one for one in query["metrics"] if isinstance(one, str)} <= metrics, chart["slice_name"]
        assert {one["col"] for one in query["filters"]} <= columns, chart["slice_name"]
    for dashboard in of_kind("dashboards").values():
        for one in dashboard["metadata"].get("native_filter_configuration", []):
            for target in filter(None, one["targets"]):
                columns = {column["column_name"] for column in datasets[target["datasetUuid"]]["columns"]}
                assert target["column"]["name"] in columns
        assert dashboard["metadata"]["refresh_frequency"] == 10


def test_identities_are_unique() -> None:
    identities = [yaml.safe_load(text)["uuid"] for text in FILES.values()]
    assert len(set(identities)) == len(identities)


def test_numbers_of_charts_do_not_depend_on_the_superset_that_gave_them() -> None:
    def dashboard(first: int, second: int) -> dict[str, Any]:
        def chart(number: int, name: str) -> dict[str, Any]:
            return {"type": "CHART", "id": name, "meta": {"chartId": number, "uuid": name}, "parents": ["ROOT_ID"]}

        return {
            "dashboard_title": "Two",
            "position": {
                "b": chart(second, "b"),
                "a": chart(first, "a"),
                "lost": chart(99, "lost"),
                "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["a", "b"]},
            },
            "metadata": {
                "chart_configuration": {
                    str(first): {"id": first, "crossFilters": {"scope": "global", "chartsInScope": [second]}},
                    str(second): {"id": second, "crossFilters": {"scope": {"rootPath": ["a"], "excluded": [first]}}},
                },
                "global_chart_configuration": {"scope": {"rootPath": ["ROOT_ID"], "excluded": []}},
                "native_filter_configuration": [{"id": "f", "scope": {"rootPath": ["ROOT_ID"], "excluded": [second]}}],
            },
        }

    here, there = canonical("dashboards", dashboard(7, 3)), canonical("dashboards", dashboard(40, 41))
    assert here == there
    assert list(here["position"]) == ["ROOT_ID", "a", "b"]
    assert here["metadata"]["native_filter_configuration"][0]["scope"]["excluded"] == [2]
    only = here["metadata"]["chart_configuration"]
    assert only == {"2": {"id": 2, "crossFilters": {"scope": {"rootPath": ["a"], "excluded": [1]}}}}


@pytest.mark.parametrize(
    ("params", "query"),
    [
        (
            {"metric": "people", "groupby": ["state"], "row_limit": 5},
            {"columns": ["state"], "metrics": ["people"], "row_limit": 5, "orderby": [["people", False]]},
        ),
        (
            {"x_axis": "title", "groupby": "person", "metrics": ["stars"], "order_desc": False},
            {"columns": ["title", "person"], "metrics": ["stars"], "orderby": [["stars", True]]},
        ),
        (
            {"all_columns": ["title"], "timeseries_limit_metric": "ratings"},
            {"columns": ["title"], "metrics": [], "orderby": [["ratings", False]]},
        ),
    ],
)
def test_the_query_of_a_chart_follows_from_what_it_says(params: dict[str, Any], query: dict[str, Any]) -> None:
    (derived,) = query_context(params)["queries"]
    assert {name: derived.get(name) for name in query} == query


def test_a_filter_that_filters_nothing_is_left_out_and_a_grain_goes_with_its_axis() -> None:
    everything = {"expressionType": "SIMPLE", "subject": "at", "operator": "TEMPORAL_RANGE", "comparator": "No filter"}
    hour = everything | {"comparator": "Last hour"}
    params = {"x_axis": "at", "time_grain_sqla": "PT1M", "metrics": ["lag"], "adhoc_filters": [everything, hour]}
    (derived,) = query_context(params)["queries"]
    assert derived["filters"] == [{"col": "at", "op": "TEMPORAL_RANGE", "val": "Last hour"}]
    assert derived["columns"][0]["timeGrain"] == derived["extras"]["time_grain_sqla"] == "PT1M"
