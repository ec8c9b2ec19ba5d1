"""JSON Schemas of the public topics that carry no rows: dead letters, and announcements of models."""

from dataflix.model_registry import Announcement
from dataflix.reference.event_schema import Schema


def _field(kind: str | list[str], meaning: str, **rest: str | int) -> Schema:
    return {"type": kind, "description": meaning, **rest}


_DEAD_LETTER: dict[str, Schema] = {
    "topic": _field("string", "Private topic that holds the event"),
    "partition": _field("integer", "Partition of that topic", minimum=0),
    "offset": _field("integer", "Offset in that partition", minimum=0),
    "key_hash": _field(["string", "null"], "Hash of the event's key: the same for letters of the same row"),
    "kind": _field("string", "Sort of the reason"),
    "reason": _field("string", "What is wrong; names fields and types, never values"),
    "contract_version": _field("string", "Version of the contracts that the event did not fit"),
    "epoch": _field("integer", "Epoch of the stream that the event was written in, a part of versions", minimum=0),
    "at": _field("string", "When the event was set aside", format="date-time"),
}
_RESOLUTION: dict[str, Schema] = {
    "ending": _field(
        "string",
        "What became of the letter: replayed, discarded, or forgotten with its person",
        pattern="^(replayed|discarded|forgotten)$",
    ),
    "at": _field("string", "When", format="date-time"),
}


def dead_letter_schema() -> Schema:
    """The value of a message of ``dead_letters``; its key is the text ``topic/partition/offset``."""
    return {
        "title": "Dead letter",
        "description": "A change event that could not be processed: where it stands, and why",
        "type": "object",
        "properties": _DEAD_LETTER,
        "required": list(_DEAD_LETTER),
        "additionalProperties": False,
    }


def resolution_schema() -> Schema:
    """The value of a message that closes a dead letter; its key is the letter's."""
    return {
        "title": "Resolution",
        "description": "The dead letter of the same key is done with",
        "type": "object",
        "properties": _RESOLUTION,
        "required": list(_RESOLUTION),
        "additionalProperties": False,
    }


def announcement_schema() -> Schema:
    """The value of a message of ``models``; its key is the name of the model."""
    return Announcement.model_json_schema()
