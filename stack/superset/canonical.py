"""What of an asset a file holds: what a person decides. Pure.

Superset's export also tells numbers that it gave, what it computes from the rest, and everything that was not decided.
Left out, a file is the same wherever it was exported, and an edit in the browser is a small difference.
"""

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

Asset = dict[str, Any]

# What Superset takes for what is not said. Said again with each import, so that an import overwrites.
_OF_A_COLUMN: Mapping[str, Any] = {
    "verbose_name": None, "description": None, "expression": None, "python_date_format": None,
    "is_dttm": False, "is_active": True, "groupby": True, "filterable": True,
}  # fmt: skip
_OF_A_METRIC: Mapping[str, Any] = {
    "verbose_name": None, "description": None, "d3format": None, "metric_type": None, "warning_text": None,
}  # fmt: skip
# What a dataset consists of, by which name it goes, and what is taken for what it does not say
_PARTS = (("columns", "column_name", _OF_A_COLUMN), ("metrics", "metric_name", _OF_A_METRIC))
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "databases": {
        "cache_timeout": None, "expose_in_sqllab": True, "allow_run_async": False, "allow_ctas": False,
        "allow_cvas": False, "allow_dml": False, "allow_csv_upload": False, "impersonate_user": False,
    },
    "datasets": {
        "main_dttm_col": None, "description": None, "offset": 0, "cache_timeout": None, "sql": None,
        "filter_select_enabled": True, "fetch_values_predicate": None, "normalize_columns": False,
        "always_filter_main_dttm": False,
    },
    "charts": {"description": None, "cache_timeout": None},
    "dashboards": {"description": None, "css": "", "published": True},
}  # fmt: skip
_OF_A_FILTER: Mapping[str, Any] = {
    "description": "", "cascadeParentIds": [], "controlValues": {}, "type": "NATIVE_FILTER",
    "defaultDataMask": {"extraFormData": {}, "filterState": {}}, "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
}  # fmt: skip
# Given or computed by Superset
_COMPUTED: Mapping[str, frozenset[str]] = {
    "databases": frozenset({"configuration_method"}),
    "datasets": frozenset({"source_db_engine"}),
    "charts": frozenset({"query_context", "datasource_name"}),
    "dashboards": frozenset(),
}
_COMPUTED_PARAMS = frozenset({"datasource", "slice_id", "dashboards", "dashboardId", "url_params", "viz_type"})
_COMPUTED_METADATA = frozenset(
    {"chartsInScope", "tabsInScope", "color_scheme_domain", "shared_label_colors", "default_filters"}
)
_FIRST = (
    "dashboard_title", "slice_name", "table_name", "database_name", "column_name", "metric_name", "slug", "description",
    "viz_type", "expression",
)  # fmt: skip
_LAST = ("params", "columns", "metrics", "metadata", "position", "uuid", "dataset_uuid", "database_uuid", "version")


def canonical(kind: str, exported: Mapping[str, Any]) -> Asset:
    """What the file of an exported asset holds. ``kind`` is its folder: databases, datasets, charts or dashboards."""
    asset = {name: value for name, value in exported.items() if name not in _COMPUTED[kind]}
    if kind == "datasets":
        for part, name, defaults in _PARTS:
            asset[part] = [_without(one, defaults) for one in sorted(asset.get(part) or [], key=itemgetter(name))]
    if kind == "charts":
        params = asset.get("params") or {}
        asset["params"] = {name: value for name, value in params.items() if name not in _COMPUTED_PARAMS}
    if kind == "dashboards":
        asset = _numbered(asset)
        metadata = _without_keys(asset.get("metadata") or {}, _COMPUTED_METADATA)
        filters = [_without(one, _OF_A_FILTER) for one in metadata.get("native_filter_configuration", [])]
        asset["metadata"] = {**metadata, "native_filter_configuration": filters}
        asset["position"] = {name: _placed(part) for name, part in _layout(asset["position"])}
    result: Asset = _ordered(_said(_without(asset, _DEFAULTS[kind])))
    return result


def whole(kind: str, asset: Mapping[str, Any]) -> Asset:
    """What Superset imports of a file: all that the file leaves out, said."""
    said = {**_DEFAULTS[kind], **asset}
    if kind == "datasets":
        for part, _, defaults in _PARTS:
            said[part] = [{**defaults, **one} for one in asset.get(part, [])]
    if kind == "charts":
        said["params"] = {**asset["params"], "viz_type": asset["viz_type"]}
    if kind == "dashboards":
        said["position"] = _with_parents(asset["position"])
        metadata = asset.get("metadata", {})
        filters = [{**_OF_A_FILTER, **one} for one in metadata.get("native_filter_configuration", [])]
        said["metadata"] = {**metadata, "native_filter_configuration": filters}
    return said


def _without(asset: Mapping[str, Any], defaults: Mapping[str, Any]) -> Asset:
    return {name: value for name, value in asset.items() if name not in defaults or value != defaults[name]}


def _without_keys(value: Any, keys: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_keys(one, keys) for name, one in value.items() if name not in keys}
    if isinstance(value, list):
        return [_without_keys(one, keys) for one in value]
    return value


def _said(value: Any) -> Any:
    """``value`` without what says nothing: null, empty text, empty lists and mappings inside of mappings."""
    if isinstance(value, Mapping):
        inside = {name: _said(one) for name, one in value.items()}
        return {name: one for name, one in inside.items() if one is not None and one not in ("", {}, [])}
    if isinstance(value, list):
        return [_said(one) for one in value]
    return value


def _ordered(value: Any) -> Any:
    """Mappings in one order: names first, large and technical parts last, the rest by name. A layout stays as it is."""
    if isinstance(value, list):
        return [_ordered(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    names = list(value)
    if "ROOT_ID" not in value:
        known = {name: number for number, name in enumerate((*_FIRST, "", *_LAST))}
        names.sort(key=lambda name: (known.get(name, len(_FIRST)), name))
    return {name: _ordered(value[name]) for name in names}


def _layout(position: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The parts of a layout from top to bottom; what hangs on nothing is left out."""
    yield from ((name, part) for name, part in position.items() if not isinstance(part, Mapping))
    below = ["ROOT_ID", "HEADER_ID"]
    while below:
        name = below.pop(0)
        part = position.get(name)
        if isinstance(part, Mapping):
            yield name, part
            below[:0] = part.get("children", [])


def _placed(part: Any) -> Any:
    if not isinstance(part, Mapping):
        return part
    meta = {name: value for name, value in part.get("meta", {}).items() if name != "sliceName"}
    return {name: value for name, value in part.items() if name not in ("id", "parents")} | {"meta": meta}


def _with_parents(position: Mapping[str, Any]) -> Asset:
    said: Asset = {}

    def place(name: str, parents: tuple[str, ...]) -> None:
        part = {"children": [], "id": name, **position[name], "parents": list(parents)}
        if not parents:
            del part["parents"]
        said[name] = part
        for child in part["children"]:
            place(child, (*parents, name))

    for name, part in position.items():
        if not isinstance(part, Mapping):
            said[name] = part
    for name in ("ROOT_ID", "HEADER_ID"):
        if name in position:
            place(name, ())
    return said


def _numbered(dashboard: Mapping[str, Any]) -> Asset:
    """The dashboard with its charts numbered from 1 from top to bottom, wherever it names one by its number."""
    numbers: dict[int, int] = {}
    position = dict(dashboard["position"])
    for name, part in _layout(position):
        if isinstance(part, Mapping) and part["type"] == "CHART":
            number = numbers.setdefault(part["meta"].get("chartId", 0), len(numbers) + 1)
            position[name] = {**part, "meta": {**part["meta"], "chartId": number}}
    metadata = dict(dashboard.get("metadata") or {})
    own = metadata.pop("chart_configuration", {})
    # Cross-filters reach every chart unless somebody decided otherwise
    decided = {
        str(numbers[int(number)]): {**chart, "id": numbers[int(number)]}
        for number, chart in own.items()
        if int(number) in numbers and chart.get("crossFilters", {}).get("scope") != "global"
    }
    metadata["chart_configuration"] = decided
    reach = (metadata.get("global_chart_configuration") or {}).get("scope", {})
    if reach.get("rootPath") == ["ROOT_ID"] and not reach.get("excluded"):
        del metadata["global_chart_configuration"]
    return {**dashboard, "position": position, "metadata": _renumbered(metadata, numbers)}


def _renumbered(value: Any, numbers: Mapping[int, int]) -> Any:
    if isinstance(value, list):
        return [_renumbered(one, numbers) for one in value]
    if not isinstance(value, Mapping):
        return value
    renumbered = {name: _renumbered(one, numbers) for name, one in value.items()}
    for name in ("excluded", "timed_refresh_immune_slices"):
        if isinstance(value.get(name), list):
            renumbered[name] = [numbers[one] for one in value[name] if one in numbers]
    return renumbered
