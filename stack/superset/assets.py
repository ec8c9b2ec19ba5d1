"""The files of superset/assets: one for each database, dataset, chart and dashboard."""

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import yaml

from dataflix.settings import PROJECT, Settings
from stack.superset.canonical import Asset, canonical, whole
from stack.superset.queries import query_context

FOLDER = PROJECT / "superset" / "assets"
KINDS = ("databases", "datasets", "charts", "dashboards")
CLICKHOUSE_USER = "superset"
# Stands in the file for what differs from home to home
ANYWHERE = f"clickhousedb://{CLICKHOUSE_USER}@clickhouse/analytics"
_METADATA = {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}
_TITLES = ("dashboard_title", "slice_name", "table_name", "database_name")

Files = Mapping[str, str]
"""Texts by path below the folder: ``charts/movies_by_genre.yaml``."""


class _Dumper(yaml.SafeDumper):
    """Lists indented below their name, and texts of several lines as such."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def written(asset: Asset) -> str:
    """The text of a file."""
    text: str = yaml.dump(asset, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def read(folder: Path = FOLDER) -> dict[str, str]:
    """The files of ``folder``."""
    return {
        f"{kind}/{path.name}": path.read_text(encoding="utf-8")
        for kind in KINDS
        for path in sorted((folder / kind).glob("*.yaml"))
    }


def bundle(files: Files, settings: Settings) -> bytes:
    """The zip that Superset imports, for the ClickHouse of ``settings``."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assets/metadata.yaml", yaml.safe_dump(_METADATA))
        for path, text in files.items():
            kind = PurePosixPath(path).parts[0]
            asset = whole(kind, yaml.safe_load(text))
            if kind == "databases":
                asset["sqlalchemy_uri"] = _address(asset["sqlalchemy_uri"], settings)
            if kind == "charts":
                asset["query_context"] = orjson.dumps(query_context(asset["params"])).decode()
            archive.writestr(f"assets/{path}", yaml.safe_dump(asset))
    return packed.getvalue()


def _address(uri: str, settings: Settings) -> str:
    if uri != ANYWHERE:
        return uri
    password = quote(settings.clickhouse_superset_password.get_secret_value(), safe="")
    security = {"secure": "true"} if settings.clickhouse_secure else {}
    if settings.clickhouse_ca_file:
        security["ca_cert"] = str(settings.clickhouse_ca_file)
    options = f"?{urlencode(security)}" if security else ""
    return f"clickhousedb://{CLICKHOUSE_USER}:{password}@{settings.clickhouse}/analytics{options}"


def unpacked(exported: bytes, known: Files) -> dict[str, str]:
    """The files of an export. An asset that ``known`` files hold keeps its path; another is named by its title."""
    paths = {yaml.safe_load(text)["uuid"]: path for path, text in known.items()}
    files: dict[str, str] = {}
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        for name in sorted(archive.namelist()):
            kind = PurePosixPath(name).parts[1]
            if kind not in KINDS:
                continue
            asset = canonical(kind, yaml.safe_load(archive.read(name)))
            if kind == "databases" and asset["sqlalchemy_uri"].startswith(f"clickhousedb://{CLICKHOUSE_USER}:"):
                asset["sqlalchemy_uri"] = ANYWHERE
            path = paths.get(asset["uuid"]) or _new_path(kind, asset, files)
            files[path] = written(asset)
    return dict(sorted(files.items()))


def _new_path(kind: str, asset: Mapping[str, Any], taken: Files) -> str:
    title = next(str(asset[name]) for name in _TITLES if name in asset)
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or kind
    path = f"{kind}/{name}.yaml"
    return path if path not in taken else f"{kind}/{name}_{asset['uuid'][:8]}.yaml"


def write(files: Files, folder: Path = FOLDER) -> list[str]:
    """Make ``folder`` hold just these files; the paths that were written or removed."""
    before = read(folder)
    changed = [path for path, text in files.items() if before.get(path) != text]
    for path in changed:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(files[path], encoding="utf-8")
    removed = sorted(before.keys() - files.keys())
    for path in removed:
        (folder / path).unlink()
    return [*changed, *removed]
