"""The AsyncAPI 3.0 document of the public topics, rendered from the contracts."""

from typing import Any

from dataflix.contracts import Contracts, Table
from dataflix.public_topics import DEAD_LETTERS, PublicTopic, public_topics
from dataflix.reference.event_schema import TOMBSTONE, Schema, key_schema, value_schema
from dataflix.reference.notice_schema import announcement_schema, dead_letter_schema, resolution_schema
from dataflix.settings import Settings

_BINDING = {"bindingVersion": "0.5.0"}
_JSON = "application/json"
_ABOUT = (
    "The topics of Dataflix that anybody may read. Events can repeat and come late: of the events of one key, the one "
    "with the highest `_version` is the row as it is. The version of this document is that of the contracts."
)


def asyncapi(contracts: Contracts) -> dict[str, Any]:
    """The document. The same contracts always give the same document."""
    topics = public_topics(contracts)
    messages = {topic.name: _messages(topic) for topic in topics}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Dataflix", "version": contracts.version, "description": _ABOUT},
        "defaultContentType": _JSON,
        "servers": {
            "local": {
                "host": f"localhost:{Settings.model_fields['kafka_port'].default}",
                "protocol": "kafka",
                "description": "The broker of `bin/dataflix up`",
            }
        },
        "channels": {topic.name: _channel(topic, messages[topic.name]) for topic in topics},
        "operations": {f"publish.{topic.name}": _operation(topic, messages[topic.name]) for topic in topics},
        "components": {
            "messages": {
                f"{topic.name}.{name}": message for topic in topics for name, message in messages[topic.name].items()
            }
        },
    }


def _channel(topic: PublicTopic, messages: dict[str, Any]) -> dict[str, Any]:
    kept = {"cleanup.policy": ["compact" if topic.is_compacted else "delete"]}
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{topic.name}.{name}"} for name in messages},
        "bindings": {"kafka": {"topic": topic.name, "topicConfiguration": kept} | _BINDING},
    }


def _operation(topic: PublicTopic, messages: dict[str, Any]) -> dict[str, Any]:
    channel = f"#/channels/{topic.name}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in messages],
    }


def _messages(topic: PublicTopic) -> dict[str, Any]:
    """The messages of a topic by name."""
    if topic.table:
        return _masked(topic.table)
    key = {"type": "string", "description": topic.key}
    if topic.name == DEAD_LETTERS:
        return {
            "letter": _message("A dead letter", key, dead_letter_schema()),
            "resolution": _message("The letter of the same key is done with", key, resolution_schema()),
        }
    return {"announcement": _message("A model version is served now", key, announcement_schema())}


def _masked(table: Table) -> dict[str, Any]:
    key = key_schema(table)
    return {
        "change": _message("One change of one row, masked", key, value_schema(table)),
        "tombstone": _message("Follows a delete", key, TOMBSTONE),
    }


def _message(title: str, key: Schema, payload: Schema) -> dict[str, Any]:
    return {"title": title, "contentType": _JSON, "payload": payload, "bindings": {"kafka": {"key": key} | _BINDING}}
