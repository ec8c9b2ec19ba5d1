"""Records and batches as the consumer fetches them, and a preparer over the shipped contracts."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import orjson

from dataflix.contracts import load_contracts
from dataflix.settings import PROJECT
from stream_processors.batch_consumer import FetchedBatch
from stream_processors.batches import BatchPreparer
from stream_processors.patience import Patience
from tests.debezium import a_rating, an_event

CONTRACTS = load_contracts(PROJECT / "contracts")
RATINGS = CONTRACTS.table("ratings")
MASKING_KEY = b"a masking key"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def a_record(
    value: bytes | None = None,
    *,
    topic: str = "cdc.public.ratings",
    partition: int = 0,
    offset: int = 0,
    key: bytes | None = b'{"rating_id":7}',
    timestamp: int = 1_000_000,
    headers: tuple[tuple[str, bytes], ...] = (),
) -> Any:
    """``timestamp`` is in milliseconds since 1970: when it was written."""
    return SimpleNamespace(
        topic=topic, partition=partition, offset=offset, key=key, value=value, timestamp=timestamp, headers=headers
    )


def rating_records(*numbers: int, first_offset: int = 0, partition: int = 0) -> list[Any]:
    return [
        a_record(
            an_event(a_rating(number), lsn=1_000 + offset),
            partition=partition,
            offset=offset,
            key=orjson.dumps({"rating_id": number}),
        )
        for offset, number in enumerate(numbers, first_offset)
    ]


def a_batch(*records: Any, assignment: int = 1) -> FetchedBatch:
    return FetchedBatch(records, assignment)


def a_preparer(limit: int = 100) -> BatchPreparer:
    return BatchPreparer(CONTRACTS, masking_key=MASKING_KEY, patience=Patience(limit), clock=lambda: NOW)
