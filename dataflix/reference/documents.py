"""Every generated document of the project: where it lies, and its text."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from dataflix.alerts import ALERTS
from dataflix.contracts import Contracts
from dataflix.metrics import METRICS
from dataflix.reference.alert_rules import alert_rules
from dataflix.reference.asyncapi import asyncapi
from dataflix.reference.event_schema import document, key_schema, value_schema
from dataflix.reference.events_page import events_page
from dataflix.reference.observability_page import observability_page

SCHEMAS = PurePosixPath("schemas")
EXAMPLE = PurePosixPath("examples/consumer.py")


def documents(contracts: Contracts, example: str) -> Mapping[PurePosixPath, str]:
    """Texts by their paths below ``docs/``; nothing else lies in `SCHEMAS`.

    ``example`` is the source of the consumer in ``EXAMPLE``, which the page of the events shows. The same arguments
    always give the same texts.
    """
    schemas = {}
    for table in contracts:
        for part, schema in (("key", key_schema(table)), ("value", value_schema(table))):
            name = f"{table.masked_topic}.{part}"
            schemas[SCHEMAS / f"{name}.json"] = _json(document(schema, name))
    return {
        PurePosixPath("events.md"): events_page(contracts, example),
        PurePosixPath("observability.md"): observability_page(METRICS, ALERTS),
        PurePosixPath("alerts.yml"): alert_rules(ALERTS),
        PurePosixPath("asyncapi.json"): _json(asyncapi(contracts)),
        **schemas,
    }


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
