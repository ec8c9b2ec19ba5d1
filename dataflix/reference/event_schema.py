"""JSON Schemas of what the masked topics carry, rendered from the contracts.

Only words that mean the same in draft 07 and in 2020-12 are used: AsyncAPI reads the former. A schema is exact: it
takes what the worker publishes under these contracts, and no field beside that.
"""

from typing import Any

from dataflix import masked_events as events
from dataflix.change_events import Operation
from dataflix.column_types import Kind
from dataflix.contracts import Column, Masking, Table
from dataflix.masking import HASH_CHARACTERS, KEY_ID_CHARACTERS, PLAIN
from dataflix.values import INTEGER_BITS, SPECIAL_DOUBLES, numeric_pattern
from dataflix.versions import MAX_COMMIT_LSN

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TOMBSTONE: Schema = {"type": "null", "description": "The row is gone, and compaction may forget it"}

# Years 1900 to 2299 are what raw tables hold.
_DAY = "(?:19|2[0-2])[0-9]{2}-[0-9]{2}-[0-9]{2}"
_MOMENT = "T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z"
_TIMESTAMP: Schema = {"type": "string", "format": "date-time", "pattern": f"^{_DAY}{_MOMENT}$"}
_MASKS = {Masking.HASH: f"^(?:[0-9a-f]{{{HASH_CHARACTERS}}})?$", Masking.INITIAL: "^(?:[\\s\\S]\\**)?$"}
MASKED_AS = {
    Masking.HASH: f"{HASH_CHARACTERS} hex characters of a hash: equal for equal values; empty stays empty",
    Masking.INITIAL: "the first letter, then an asterisk for each further one; empty stays empty",
}
_POSITION: Schema = {"type": "integer", "minimum": 0}
_VERSION_DIGITS = 39  # of the greatest unsigned number of 128 bits
_UNSIGNED_64 = 2**64 - 1

_FIELDS: dict[str, Schema] = {
    events.VERSION: {"type": "string", "pattern": f"^(?:0|[1-9][0-9]{{0,{_VERSION_DIGITS - 1}}})$"},
    events.DELETED: {"type": "integer", "enum": [0, 1]},
    events.OPERATION: {"type": "string", "enum": [str(operation) for operation in Operation]},
    events.COMMIT_LSN: _POSITION | {"maximum": MAX_COMMIT_LSN},
    events.TXID: {"type": ["integer", "null"], "minimum": 0, "maximum": _UNSIGNED_64},
    events.COMMITTED_AT: _TIMESTAMP,
    events.TOPIC: {"type": "string"},
    events.PARTITION: _POSITION,
    events.OFFSET: _POSITION,
}
_KEY_ID: Schema = {
    "type": "string",
    "pattern": f"^(?:{PLAIN}|[0-9a-f]{{{KEY_ID_CHARACTERS}}})$",
    "description": events.MEANINGS[events.KEY_ID],
}


def key_schema(table: Table) -> Schema:
    """The key of a message of ``masked.<table>``, tombstones included."""
    return {
        "title": f"Key of {table.masked_topic}",
        "description": "The row that the event is about",
        "type": "object",
        "properties": {column.name: column_schema(column) for column in table.key_columns},
        "required": list(table.key),
        "additionalProperties": False,
    }


def value_schema(table: Table) -> Schema:
    """The value of a message of ``masked.<table>`` that is no tombstone."""
    columns = {column.name: column_schema(column) for column in table.columns}
    fields = {name: schema | {"description": events.MEANINGS[name]} for name, schema in _FIELDS.items()}
    fields[events.TOPIC] |= {"const": table.private_topic}
    of_a_delete = [*table.key, *fields]
    hashed_under = {events.KEY_ID: _KEY_ID} if table.is_hashed else {}
    living = [str(operation) for operation in Operation if operation is not Operation.DELETE]
    return {
        "title": f"Value of {table.masked_topic}",
        "description": table.description,
        "type": "object",
        "properties": columns | fields | hashed_under,
        "required": of_a_delete,
        "additionalProperties": False,
        "if": {"properties": {events.DELETED: {"const": 1}}},
        "then": {
            "description": "A deleted row carries its key columns only",
            "properties": {events.OPERATION: {"const": str(Operation.DELETE)}},
            "propertyNames": {"enum": of_a_delete},
        },
        "else": {
            "properties": {events.OPERATION: {"enum": living}},
            "required": [*columns, *hashed_under],
        },
    }


def document(schema: Schema, name: str) -> Schema:
    """A schema as a document of its own, called ``name``."""
    return {"$schema": DIALECT, "$id": f"urn:dataflix:{name}"} | schema


def column_schema(column: Column) -> Schema:
    """The values of one column as a masked event spells them."""
    schema = _values(column)
    if column.nullable:
        schema = _or_null(schema)
    masked = f" (masked: {MASKED_AS[column.mask]})" if column.mask else ""
    return schema | {"description": column.description + masked}


def _or_null(schema: Schema) -> Schema:
    if "type" not in schema:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    return schema | {"type": [schema["type"], "null"]}


def _values(column: Column) -> Schema:
    if column.mask:
        return {"type": "string", "pattern": _MASKS[column.mask]}
    kind = column.type.kind
    if kind in INTEGER_BITS:
        limit = 1 << INTEGER_BITS[kind] - 1
        return {"type": "integer", "minimum": -limit, "maximum": limit - 1}
    if kind is Kind.NUMERIC:
        return {"type": "string", "pattern": f"^{numeric_pattern(column.type)}$"}
    return _PLAIN[kind]


_PLAIN: dict[Kind, Schema] = {
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.TEXT: {"type": "string"},
    Kind.DOUBLE: {"anyOf": [{"type": "number"}, {"enum": list(SPECIAL_DOUBLES)}]},
    Kind.DATE: {"type": "string", "format": "date", "pattern": f"^{_DAY}$"},
    Kind.TIMESTAMP: _TIMESTAMP,
    Kind.TIMESTAMPTZ: _TIMESTAMP,
    Kind.UUID: {
        "type": "string",
        "format": "uuid",
        "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    },
}
