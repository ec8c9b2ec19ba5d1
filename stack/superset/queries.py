"""The query of a chart, derived from what the chart says. Pure.

In a browser, Superset derives it each time a chart is shown, and keeps it when a chart is saved. A chart that comes as
a file was never shown, and Superset's API runs what was kept only.
"""

from collections.abc import Iterable, Mapping
from typing import Any

# Where kinds of charts keep what they measure, and by what they group it
_METRICS = ("metrics", "metric", "x", "y", "size", "secondary_metric")
_COLUMNS = ("groupby", "columns", "entity", "series", "all_columns")


def query_context(params: Mapping[str, Any]) -> dict[str, Any]:
    """What Superset's chart data API takes: one query on the chart's dataset, which the import fills in."""
    query: dict[str, Any] = {
        "columns": _columns(params),
        "metrics": _metrics(params),
        "filters": [*_filters(params.get("adhoc_filters", []))],
        "extras": {"where": "", "having": ""},
        "row_limit": params.get("row_limit"),
        "orderby": _order(params),
    }
    if grain := params.get("time_grain_sqla"):
        query["extras"]["time_grain_sqla"] = grain
    return {
        "datasource": None,
        "force": False,
        "queries": [{name: value for name, value in query.items() if value is not None}],
        "result_format": "json",
        "result_type": "full",
    }


def _each(params: Mapping[str, Any], names: Iterable[str]) -> list[Any]:
    """The values of these parameters, lists unrolled, each once."""
    found: list[Any] = []
    for name in names:
        value = params.get(name)
        for one in value if isinstance(value, list) else [value]:
            if one is not None and one not in found:
                found.append(one)
    return found


def _metrics(params: Mapping[str, Any]) -> list[Any]:
    return _each(params, _METRICS)


def _columns(params: Mapping[str, Any]) -> list[Any]:
    axis = params.get("x_axis")
    grain = params.get("time_grain_sqla")
    if axis is None:
        return _each(params, _COLUMNS)
    if grain:
        axis = {
            "columnType": "BASE_AXIS",
            "expressionType": "SQL",
            "label": axis,
            "sqlExpression": axis,
            "timeGrain": grain,
        }
    return [axis, *_each(params, _COLUMNS)]


def _filters(adhoc: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for one in adhoc:
        if one.get("expressionType") == "SIMPLE" and one.get("comparator") != "No filter":
            yield {"col": one["subject"], "op": one["operator"], "val": one.get("comparator")}


def _order(params: Mapping[str, Any]) -> list[list[Any]]:
    descending = bool(params.get("order_desc", True))
    metrics = _metrics(params)
    by = params.get("timeseries_limit_metric") or params.get("server_page_sort") or (metrics[0] if metrics else None)
    return [] if by is None else [[by, not descending]]
