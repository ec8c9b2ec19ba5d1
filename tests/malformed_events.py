"""Malformed change events: of each the name and the bytes. None of them may be taken for a change.

Every value that a row holds here carries ``MARK`` or ``NUMBER``, so that a leak of any is seen.
"""

import gzip
from collections.abc import Iterator
from typing import Any

import orjson

from dataflix.column_types import Kind
from dataflix.contracts import Column, Table
from dataflix.masked_events import LARGEST_MESSAGE_BYTES
from dataflix.values import UNAVAILABLE
from tests.debezium import an_envelope

MARK = "nmistakable"
NUMBER = "918273"
_HOLE = "@hole@"

# JSON that no value of any column is.
_SHAPES = {
    "an empty object": b"{}",
    "an object": b'{"unmistakable":918273}',
    "an empty array": b"[]",
    "an array": b'["unmistakable",918273]',
    "a deep array": b"[" * 900 + b"918273" + b"]" * 900,
    "a deep object": b'{"unmistakable":' * 900 + b"1" + b"}" * 900,
}
# What some writers take for JSON.
_NO_JSON = {
    "nothing": b"",
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "-Infinity": b"-Infinity",
    "undefined": b"undefined",
    "None": b"None",
    "half a literal": b"tru",
    "a number with a sign": b"+918273",
    "a number with a leading zero": b"0918273",
    "a number without its fraction": b"918273.",
    "a number in hexadecimal": b"0x918273",
    "a number beyond doubles": b"918273e400",
    "a number of 400 digits": b"9" * 400,
    "single quotes": b"'unmistakable'",
    "no quotes": b"unmistakable",
    "an unknown escape": rb'"unmistakable\x"',
    "half a surrogate": rb'"unmistakable\ud83c"',
    "a raw line feed": b'"unmistakable\n"',
    "a raw NUL": b'"unmistakable\x00"',
    "a byte that UTF-8 does not have": b'"unmistakable\xff"',
    "an overlong NUL": b'"unmistakable\xc0\x80"',
    "a surrogate in UTF-8": b'"unmistakable\xed\xa0\x80"',
    "a comment": b"918273 /* unmistakable */",
    "a comma too many": b"918273,",
    "nesting beyond measure": b"[" * 100_000,
}
_TEXT_FOR_A_NUMBER = (b'""', b'" "', b'"unmistakable"', rb'"\u0000"', rb'"918273\u0000"', b'"0x918273"', b'"--918273"')
_FOR_AN_INTEGER = (b"true", b"false", b"918273.0", b"918273.5", b"918273e3", b"-918273e300", b"18446744073709551616")
_ZONELESS = b'"2026-01-02T03:04:05"'


def _wrong_values(column: Column) -> tuple[bytes, ...]:  # noqa: PLR0911 one for each type
    match column.type.kind:
        case Kind.SMALLINT | Kind.INTEGER | Kind.BIGINT as kind:
            bits = {Kind.SMALLINT: 15, Kind.INTEGER: 31, Kind.BIGINT: 63}[kind]
            beyond = (str(1 << bits).encode(), str(-(1 << bits) - 1).encode())
            return (*_TEXT_FOR_A_NUMBER, *_FOR_AN_INTEGER, *beyond, b'"918273"')
        case Kind.NUMERIC:
            digits = "9" * (column.type.precision - column.type.scale + 1)
            finer = "0." + "9" * (column.type.scale + 1)
            odd = (f'"{digits}"', f'"-{digits}"', f'"{finer}"', '"1E+918273918"', '"1E-918273918"', '"NaN"', '"sNaN"')
            return (*_TEXT_FOR_A_NUMBER, b"true", b"918273", b"918273.5", b'"Infinity"', *map(str.encode, odd))
        case Kind.DOUBLE:
            return (*_TEXT_FOR_A_NUMBER, b"true", b'"918273.5"', b'"nan"', b'"inf"', b'"infinity"')
        case Kind.BOOLEAN:
            return (b"0", b"1", b"0.0", b'"true"', b'"t"', b'"f"', b'""', b"918273")
        case Kind.TEXT:
            return (b"918273", b"918273.5", b"true", b"false", f'"{UNAVAILABLE}"'.encode())
        case Kind.DATE:
            return (*_FOR_AN_INTEGER, b'"2026-01-02"', b"-25568", b"120530", b"2147483647", b"-9223372036854775808")
        case Kind.TIMESTAMP:
            return (*_FOR_AN_INTEGER, _ZONELESS, b"9223372036854775807", b"-9223372036854775808", b"10413792000000000")
        case Kind.TIMESTAMPTZ:
            texts = (
                "2026-01-02 unmistakable", "2026-13-02T03:04:05Z", "2026-02-30T03:04:05Z", "2026-01-02T25:04:05Z",
                "2026-01-02T03:61:05Z", "2300-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
                "9999-12-31T23:59:59-14:00", "infinity", "-infinity", "10000-01-01T00:00:00Z", "",
            )  # fmt: skip
            return (_ZONELESS, b"918273", b"918273.5", b"true", rb'"2026-01-02T03\u0000:04:05Z"', *_quoted(texts))
        case Kind.UUID:
            good = "0b9ba4ad-64d7-4a4e-9fcd-3d7e8ae7bdbd"
            texts = (good.upper(), good[:-1], good + "0", good.replace("-", ""), f"{{{good}}}", "g" + good[1:], "")
            return (b"918273", b"true", rb'"0b9ba4ad-64d7-4a4e-9fcd-3d7e8ae7bdbd\n"', *_quoted(texts))


def _quoted(texts: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(orjson.dumps(text) for text in texts)


def malformed_events(table: Table, row: dict[str, Any]) -> dict[str, bytes]:
    """At least 500 by name, made from the good ``row`` of ``table``. All of them differ."""
    return {
        **dict(_broken_columns(table, row)),
        **dict(_broken_envelopes(table, row)),
        **dict(_broken_bytes(table, row)),
    }


def _event(table: Table, row: dict[str, Any] | None, **envelope: Any) -> bytes:
    return orjson.dumps(an_envelope(row, table=table.name, **envelope))


def _broken_columns(table: Table, row: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    for column in table.columns:
        name = column.name
        with_hole = _event(table, row | {name: _HOLE})
        wrong = {f"wrong value {number}": value for number, value in enumerate(_wrong_values(column))}
        for what, value in {**_SHAPES, **_NO_JSON, **wrong}.items():
            yield f"{name}: {what}", with_hole.replace(f'"{_HOLE}"'.encode(), value)
        # the last of two values counts
        doubled = _event(table, row).replace(b'"after":{', b'"after":{"%s":1,' % name.encode())
        end = doubled.index(b'},"source"')
        yield f"{name}: twice, the last one wrong", doubled[:end] + b',"%s":{}' % name.encode() + doubled[end:]
        if not column.nullable:
            yield f"{name}: null", _event(table, row | {name: None})
            yield f"{name}: missing", _event(table, {other: row[other] for other in row if other != name})
        if name in table.key:
            key = {other: row[other] for other in table.key}
            yield f"{name}: null in a delete", _event(table, key | {name: None}, op="d")
            yield (
                f"{name}: missing in a delete",
                _event(table, {other: key[other] for other in key if other != name}, op="d"),
            )


def _broken_envelopes(table: Table, row: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    good = an_envelope(row, table=table.name)
    values: tuple[Any, ...] = (None, True, -918273, 918273.5, "unmistakable", ["unmistakable"], {"unmistakable": 1})
    for name in ("op", "after", "source"):
        yield f"no {name}", orjson.dumps({other: good[other] for other in good if other != name})
        for value in values:
            yield f"{name} is {value!r}", orjson.dumps(good | {name: value})
    source = good["source"]
    for name in ("schema", "table", "sequence", "lsn", "ts_us", "txId"):
        if name != "txId":
            rest = {other: source[other] for other in source if other != name}
            yield f"no source.{name}", orjson.dumps(good | {"source": rest})
        for value in values:
            if not (value is None and name == "txId") and not (value == -918273 and name == "ts_us"):
                yield f"source.{name} is {value!r}", orjson.dumps(good | {"source": source | {name: value}})
    for name, value in (("lsn", 1 << 63), ("ts_us", 1 << 54), ("ts_us", -(1 << 60)), ("ts_us", (1 << 64) - 1)):
        yield f"source.{name} is {value}", orjson.dumps(good | {"source": source | {name: value}})
    for sequence in (
        "", "[]", "{}", "null", "918273", '"918273"', "[918273]", "[true]", "[[]]", "[{}]", '["unmistakable"]', '[""]',
        '["-918273"]', '["0x918273"]', '["1e400"]', "[1e400]", f'["{1 << 56}"]', f'["{"9" * 5_000}"]', '["918273.5"]',
    ):  # fmt: skip
        changed = good | {"source": source | {"sequence": sequence}}
        yield f"source.sequence is {sequence[:20]} of {len(sequence)}", orjson.dumps(changed)
    for op in ("", " ", "t", "m", "C", "cc", " c", "c\0", "insert", "\u0441"):
        yield f"op is {op!r}", _event(table, row, op=op)
    for op in ("r", "u", "d"):
        yield f"{op} without a row", _event(table, None, op=op)
    yield "a delete that has its row after", orjson.dumps(good | {"op": "d"})
    yield "an update that has its row before", orjson.dumps(good | {"op": "u", "before": row, "after": None})
    yield "an envelope with its schema", orjson.dumps({"schema": None, "payload": good})
    yield "a row without an envelope", orjson.dumps(row)
    yield "op twice, the last one unknown", orjson.dumps(good)[:-1] + b',"op":"unmistakable"}'
    yield "after twice, the last one null", orjson.dumps(good)[:-1] + b',"after":null}'
    for schema, name in (("public", "users_of_others"), ("private", table.name), ("", ""), ("public", "")):
        changed = source | {"schema": schema, "table": name}
        yield f"of the table {schema}.{name}", orjson.dumps(good | {"source": changed})


def _broken_bytes(table: Table, row: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    good = _event(table, row)
    for at in range(1, len(good), max(1, len(good) // 60)):
        yield f"cut after {at} bytes", good[:at]
    for at in range(1, len(good), max(1, len(good) // 20)):
        yield f"a NUL at {at}", good[:at] + b"\0" + good[at:]
        yield f"a byte 0xff at {at}", good[:at] + b"\xff" + good[at:]
        yield f"from byte {at} on", good[at:]
    yield "empty", b""
    yield "spaces", b" \n\t "
    yield "only NULs", b"\0" * 64
    yield "a magic byte before", b"\0\0\0\0\x01" + good
    yield "a NUL behind", good + b"\0"
    yield "a byte order mark before", b"\xef\xbb\xbf" + good
    yield "UTF-16", good.decode().encode("utf-16")
    yield "UTF-32", good.decode().encode("utf-32")
    yield "compressed", gzip.compress(good, mtime=0)
    yield "twice", good + good
    yield "two lines", good + b"\n" + good
    yield "in a list", b"[" + good + b"]"
    yield "in a string", orjson.dumps(good.decode())
    yield "null", b"null"
    yield "a number", b"918273"
    yield "a string", b'"unmistakable"'
    yield "XML", b"<rating>unmistakable</rating>"
    yield "every byte", bytes(range(256))
    yield "brackets without end", b"[" * 1_000_000
    yield "braces without end", b'{"unmistakable":' * 100_000
    text = next(column.name for column in table.columns if column.type.kind is Kind.TEXT)
    yield "a text larger than a message", _event(table, row | {text: "u" + MARK * (LARGEST_MESSAGE_BYTES // len(MARK))})
