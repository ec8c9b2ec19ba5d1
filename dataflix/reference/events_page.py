"""The page ``docs/events.md``, rendered from the contracts."""

from collections.abc import Mapping

from dataflix import masked_events as events
from dataflix.column_types import Kind
from dataflix.contracts import Column, Contracts, Table
from dataflix.public_topics import DEAD_LETTERS, MODELS, PublicTopic, public_topics
from dataflix.reference.event_schema import MASKED_AS, Schema
from dataflix.reference.markdown import code, table
from dataflix.reference.notice_schema import announcement_schema, dead_letter_schema

_PAGE = """\
# The topics for others

<!-- Generated from contracts/ by `bin/dataflix docs`: change a contract, then run that again. -->

Every change that is committed at the source becomes one event on a public topic, masked, within a fraction of a second.
What they carry is a contract: [schemas](schemas/) holds a JSON Schema of every key and value, and
[asyncapi.json](asyncapi.json) all of it as one AsyncAPI 3.0 document.

{topics}

The topics `cdc.*` are private. They hold personal data in clear, for some days; nobody but the worker reads them.

## How to read

- **A message is one change of one row.** Its key is compact JSON of the key columns, its value flat compact JSON: the
  columns, then the fields with an underscore.
- **The highest `_version` of a key wins.** Events can repeat and come late; an event whose `_version` is not higher
  than the one you hold changes nothing. It is a number of up to 39 digits in a string: compare it as a number.
- **A delete carries the key columns only**, with `_deleted` 1. Remember its version, or an older event that comes late
  brings the row back.
- **A tombstone follows each delete**: a message with the key and no value. It lets compaction forget the row, and says
  nothing that the delete has not said.
- **The topics are compacted.** Read from the beginning, they hold the last event of every row, and some older ones.
- **Events of one key come in order of their partition**; between keys, tables and partitions there is no order. Changes
  of one transaction share their `_txid`.
- **Columns may come.** Leave aside what you do not know; an event from before a column came does not carry it.
- **Integers have up to 64 bits.** Where JSON numbers are doubles, as in JavaScript, read them with a parser that keeps
  all digits.

`bin/dataflix tail masked.ratings` shows what happens now, `--from-beginning` all that there is, and `--json` a line of
JSON for each message, with its coordinates, key and value.

## A consumer

[examples/consumer.py](examples/consumer.py) needs `confluent-kafka` and nothing else:

```python
{example}```

## How values are written

{spelling}

A value that is missing is `null`. Masked values are texts:

{masks}

## The fields of every event

{fields}

{sections}
"""

_SPELLING: Mapping[Kind, str] = {
    Kind.SMALLINT: "number, 16 bits",
    Kind.INTEGER: "number, 32 bits",
    Kind.BIGINT: "number, 64 bits",
    Kind.BOOLEAN: "`true` or `false`",
    Kind.TEXT: "string",
    Kind.NUMERIC: 'string with every digit of its scale: `"4.50"`',
    Kind.DOUBLE: 'number, or `"NaN"`, `"Infinity"`, `"-Infinity"`',
    Kind.DATE: 'string: `"2026-01-02"`',
    Kind.TIMESTAMP: 'string, the clock\'s time read as UTC: `"2026-01-02T03:04:05.123456Z"`',
    Kind.TIMESTAMPTZ: 'string, in UTC with microseconds: `"2026-01-02T03:04:05.123456Z"`',
    Kind.UUID: 'string: `"0b9ba4ad-64d7-4a4e-9fcd-3d7e8ae7bdbd"`',
}


def events_page(contracts: Contracts, example: str) -> str:
    """The text of the page. ``example`` is the source of the consumer that it shows."""
    topics = public_topics(contracts)
    notices = {DEAD_LETTERS: dead_letter_schema(), MODELS: announcement_schema()}
    return _PAGE.format(
        topics=table(("topic", "key", "carries"), map(_topic, topics)),
        example=example,
        spelling=table(("type", "in JSON"), ((code(kind), spelling) for kind, spelling in _SPELLING.items())),
        masks="\n".join(f"- `{mask}`: {meaning}" for mask, meaning in MASKED_AS.items()),
        fields=table(("field", "meaning"), ((code(name), meaning) for name, meaning in events.MEANINGS.items())),
        sections="\n\n".join(
            _table(topic.table) if topic.table else _notice(topic, notices[topic.name]) for topic in topics
        ),
    )


def _topic(topic: PublicTopic) -> tuple[str, str, str]:
    key = ", ".join(map(code, topic.table.key)) if topic.table else topic.key
    kept = "" if topic.is_compacted else " Kept for some days."
    return f"[{topic.name}](#{_anchor(topic.name)})", key, topic.description + kept


def _anchor(heading: str) -> str:
    """As the hosts of repositories make them: dots go."""
    return heading.replace(".", "")


def _table(of: Table) -> str:
    rows = table(("column", "type", "null", "masked", "meaning"), map(_column, of.columns))
    schemas = " and ".join(f"[{part}](schemas/{of.masked_topic}.{part}.json)" for part in ("key", "value"))
    unique = "".join(f" {', '.join(map(code, group))}: unique together." for group in of.unique)
    return f"## {of.masked_topic}\n\n{of.description}{unique} Schemas: {schemas}.\n\n{rows}"


def _column(column: Column) -> tuple[str, str, str, str, str]:
    mask = code(column.mask) if column.mask else "no"
    return code(column.name), code(str(column.type)), "yes" if column.nullable else "no", mask, column.description


def _notice(topic: PublicTopic, schema: Schema) -> str:
    fields = ((code(name), field["description"]) for name, field in schema["properties"].items())
    return f"## {topic.name}\n\n{topic.description}\n\n{table(('field', 'meaning'), fields)}"
