"""Change events as Debezium writes them, with good defaults: ``an_event(ratings(7, rating="4.5"), op="u")``."""

import time
from typing import Any

import orjson

COMMITTED_US = 1_767_323_045_123_456  # 2026-01-02T03:04:05.123456Z


def a_rating(number: int = 7, **columns: Any) -> dict[str, Any]:
    return {
        "rating_id": number,
        "user_id": 3,
        "movie_id": 9,
        "rating": "4.5",
        "liked": True,
        "rated_at": "2026-01-02T03:04:05.123456Z",
    } | columns


def a_user(number: int = 1, **columns: Any) -> dict[str, Any]:
    return {
        "user_id": number,
        "username": "unmistakable_login",
        "email": "unmistakable@example.org",
        "first_name": "John",
        "last_name": "Doe",
        "city": "Wellington",
        "state": None,
        "country": "New Zealand",
        "age": 31,
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05.1Z",
    } | columns


def an_envelope(
    row: dict[str, Any] | None,
    *,
    op: str = "c",
    table: str = "ratings",
    commit: int | None = 1_000,
    lsn: int = 1_100,
    txid: int | None = 771,
    committed_us: int = COMMITTED_US,
) -> dict[str, Any]:
    """``commit`` and ``lsn`` are positions in bytes; ``commit`` is None before the first commit of a stream."""
    before, after = (row, None) if op == "d" else (None, row)
    return {
        "before": before,
        "after": after,
        "source": {
            "version": "3.7.0.Final",
            "connector": "postgresql",
            "name": "cdc",
            "ts_ms": committed_us // 1_000,
            "snapshot": "true" if op == "r" else "false",
            "db": "dataflix",
            "sequence": orjson.dumps([None if commit is None else str(commit), str(lsn)]).decode(),
            "ts_us": committed_us,
            "ts_ns": committed_us * 1_000,
            "schema": "public",
            "table": table,
            "txId": txid,
            "lsn": lsn,
            "xmin": None,
        },
        "transaction": None,
        "op": op,
        "ts_ms": committed_us // 1_000,
    }


def an_event(row: dict[str, Any] | None, **envelope: Any) -> bytes:
    return orjson.dumps(an_envelope(row, **envelope))


def now_us() -> int:
    """Microseconds since 1970."""
    return int(time.time() * 1_000_000)
