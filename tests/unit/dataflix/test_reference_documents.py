"""The generated documents are what contracts and metrics say, and say all of it."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import orjson
from jsonschema import Draft7Validator

from dataflix.contracts import load_contracts
from dataflix.metrics import METRICS
from dataflix.public_topics import public_topics
from dataflix.reference.documents import EXAMPLE, SCHEMAS, documents
from dataflix.settings import PROJECT

DOCS = PROJECT / "docs"
CONTRACTS = load_contracts(PROJECT / "contracts")
DOCUMENTS = {str(path): text for path, text in documents(CONTRACTS, (DOCS / EXAMPLE).read_text()).items()}
STALE = "run `bin/dataflix docs`"


def test_the_committed_documents_are_what_contracts_and_metrics_say() -> None:
    assert {path: (DOCS / path).read_text(encoding="utf-8") for path in DOCUMENTS} == DOCUMENTS, STALE
    there = {str(SCHEMAS / file.name) for file in (DOCS / SCHEMAS).iterdir()}
    assert there == {path for path in DOCUMENTS if PurePosixPath(path).parent == SCHEMAS}, STALE


def test_the_page_of_the_events_names_every_topic_and_column() -> None:
    page = DOCUMENTS["events.md"]
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert {topic.name for topic in public_topics(CONTRACTS)} <= sections.keys()
    for table in CONTRACTS:
        rows = [line for line in sections[table.masked_topic].splitlines() if line.startswith("| `")]
        assert len(rows) == len(table.columns)
        for column, row in zip(table.columns, rows, strict=True):
            assert row.startswith(f"| `{column.name}` | `{column.type}` |")
            assert column.description.replace("|", "\\|") in row
            assert (f"`{column.mask}`" in row) == bool(column.mask)


def test_every_link_of_the_pages_leads_somewhere() -> None:
    for name in ("events.md", "observability.md"):
        page = DOCUMENTS[name]
        anchors = {heading.replace(".", "") for heading in re.findall(r"^## (\S+)$", page, re.MULTILINE)}
        for target in re.findall(r"\]\(([^)]+)\)", page):
            assert target[1:] in anchors if target.startswith("#") else (DOCS / target).exists(), target


def test_the_page_of_the_metrics_declares_every_metric_once() -> None:
    lines = DOCUMENTS["observability.md"].splitlines()
    assert [line.split("`")[1] for line in lines if line.startswith("| `")] == [metric.name for metric in METRICS]
    for metric in METRICS:
        (line,) = (line for line in lines if line.startswith(f"| `{metric.name}` "))
        for told in (metric.kind.value, metric.unit, metric.meaning, *(f"`{label}`" for label in metric.labels)):
            assert told in line


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def resolve(root: Any, reference: str) -> Any:
    node = root
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_the_asyncapi_document_holds_together() -> None:
    root = orjson.loads(DOCUMENTS["asyncapi.json"])
    assert root["asyncapi"] == "3.0.0"
    assert root["info"]["version"] == CONTRACTS.version
    assert [channel["address"] for channel in root["channels"].values()] == [t.name for t in public_topics(CONTRACTS)]
    for reference in references(root):
        assert resolve(root, reference), reference
    for operation in root["operations"].values():
        assert resolve(root, operation["channel"]["$ref"])["messages"]


def test_the_asyncapi_document_carries_the_same_schemas_as_the_files() -> None:
    messages = orjson.loads(DOCUMENTS["asyncapi.json"])["components"]["messages"]
    for table in CONTRACTS:
        message = messages[f"{table.masked_topic}.change"]
        for part, schema in (("key", message["bindings"]["kafka"]["key"]), ("value", message["payload"])):
            alone = orjson.loads(DOCUMENTS[f"schemas/{table.masked_topic}.{part}.json"])
            assert schema.items() <= alone.items()
            assert alone.keys() - schema.keys() == {"$schema", "$id"}
    for message in messages.values():
        Draft7Validator.check_schema(message["payload"])
