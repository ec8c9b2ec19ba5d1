"""What a raw table looks like, derived from its contract. Pure."""

from dataclasses import dataclass

from dataflix import masked_events as events
from dataflix.contracts import Table

RAW_DATABASE = "raw"
SERVED_DATABASE = "analytics"
# The newest insert tokens that a table remembers. A batch is repeated at once after a crash, so hundreds are plenty.
DEDUPLICATION_WINDOW = 1_000
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


TRACE_COLUMNS = (
    RawColumn(events.VERSION, "UInt128", "Order over all changes of a row: the highest is the newest"),
    RawColumn(events.DELETED, "UInt8", "1 when this change deleted the row, else 0"),
    RawColumn(
        events.OPERATION, "LowCardinality(String)", "What happened: r (snapshot), c (create), u (update) or d (delete)"
    ),
    RawColumn(events.COMMIT_LSN, "UInt64", "Position in the write-ahead log of the commit before this one; 0 for none"),
    RawColumn(events.TXID, "Nullable(UInt64)", "Transaction at the source, where it is known"),
    RawColumn(events.COMMITTED_AT, "DateTime64(6, 'UTC')", "When the change was committed at the source"),
    RawColumn(INGESTED_AT, "DateTime64(6, 'UTC')", "When the change arrived here", "now64(6, 'UTC')"),
    RawColumn(events.TOPIC, "LowCardinality(String)", "Private topic that carried the change"),
    RawColumn(events.PARTITION, "UInt32", "Partition of that topic"),
    RawColumn(events.OFFSET, "UInt64", "Offset in that partition"),
)


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
        return cls(table.name, table.description, named + TRACE_COLUMNS, table.key)

    @property
    def full_name(self) -> str:
        return f"{RAW_DATABASE}.{self.name}"
