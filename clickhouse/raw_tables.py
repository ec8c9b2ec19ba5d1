"""What a raw table looks like, derived from its contract. Pure."""

from dataclasses import dataclass

from dataflix import masked_events as events
from dataflix.contracts import Table

RAW_DATABASE = "raw"
SERVED_DATABASE = "analytics"
# The newest insert tokens that a table remembers. A batch is repeated at once after a crash, so hundreds are plenty.
DEDUPLICATION_WINDOW = 1_000
# A batch of the marts looks thousands of keys up that lie all over a table: small granules, each compressed by itself,
# spare it what lies between. Inserts cost the same, the disk a tenth more. Tables that are there keep what they have.
GRANULE_ROWS = 512
GRANULE_BYTES = 8 * GRANULE_ROWS  # of a column of numbers
# Highest version wins, and a deleted row stays as a row: dropped early, a late stale change would bring it back.
ENGINE = f"ReplacingMergeTree({events.VERSION}, {events.DELETED})"
INGESTED_AT = "_ingested_at"  # the only column that the server fills in


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column of a raw table, in ClickHouse's words. ``default`` is an expression, or empty."""

    name: str
    type: str
    description: str
    default: str = ""


def _of_the_event(name: str, type_: str) -> RawColumn:
    return RawColumn(name, type_, events.MEANINGS[name])


TRACE_COLUMNS = (
    _of_the_event(events.VERSION, "UInt128"),
    _of_the_event(events.DELETED, "UInt8"),
    _of_the_event(events.OPERATION, "LowCardinality(String)"),
    _of_the_event(events.COMMIT_LSN, "UInt64"),
    _of_the_event(events.TXID, "Nullable(UInt64)"),
    _of_the_event(events.COMMITTED_AT, "DateTime64(6, 'UTC')"),
    RawColumn(INGESTED_AT, "DateTime64(6, 'UTC')", "When the change arrived here", "now64(6, 'UTC')"),
    _of_the_event(events.TOPIC, "LowCardinality(String)"),
    _of_the_event(events.PARTITION, "UInt32"),
    _of_the_event(events.OFFSET, "UInt64"),
)


KEY_ID_COLUMN = _of_the_event(events.KEY_ID, "LowCardinality(String)")


@dataclass(frozen=True, slots=True)
class RawTable:
    """A raw table as it should be."""

    name: str
    description: str
    columns: tuple[RawColumn, ...]
    key: tuple[str, ...]

    @classmethod
    def of(cls, table: Table) -> "RawTable":
        """The raw table of a contract: its columns in their order, then where each change came from."""
        named = tuple(
            RawColumn(
                column.name,
                f"Nullable({column.type.clickhouse})" if column.nullable else column.type.clickhouse,
                column.description,
            )
            for column in table.columns
        )
        hashed_under = (KEY_ID_COLUMN,) if table.is_hashed else ()
        return cls(table.name, table.description, named + TRACE_COLUMNS + hashed_under, table.key)

    @property
    def full_name(self) -> str:
        return f"{RAW_DATABASE}.{self.name}"
