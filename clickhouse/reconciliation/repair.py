"""Repairing the rows in which source and raw differ, through the stream itself: see `orders` for the versions."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
from clickhouse_connect.driver.exceptions import DatabaseError
from confluent_kafka import KafkaException, Producer
from psycopg import sql

from clickhouse.raw_tables import RAW_DATABASE
from clickhouse.reconciliation import orders
from clickhouse.reconciliation.comparison import Difference, Kind
from clickhouse.reconciliation.source_side import connect, reported
from clickhouse.reconciliation.verification import Comparisons, Verification, compare_once, verify
from dataflix import masked_events as events
from dataflix.change_events import EPOCH_HEADER
from dataflix.clickhouse_client import ClickHouseUser, clickhouse, refusal
from dataflix.contracts import Table
from dataflix.errors import SourceUnavailable
from dataflix.kafka_access import librdkafka
from dataflix.settings import Settings
from dataflix.versions import RowVersion

_ROWS_A_SIGNAL = 500
_EXPLAINED_AT_MOST = 10  # rows of a table
_SETTLE_SECONDS = 3.0  # in which what is only late arrives
_REPLY_SECONDS = 10.0
_EPOCH = "SELECT coalesce(max(epoch), 0) FROM dataflix.epochs"
_POSITION = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(slots=True)
class Repair:
    """What one run ordered. Each row is ordered once, and comes through the stream like any other change."""

    read_again: dict[str, int] = field(default_factory=dict)  # rows by table
    deleted: dict[str, int] = field(default_factory=dict)
    impossible: list[str] = field(default_factory=list)  # a sentence for each row, or table, that stays as it is

    def as_json(self) -> dict[str, Any]:
        """``{"read_again", "deleted", "impossible"}``."""
        return {"read_again": self.read_again, "deleted": self.deleted, "impossible": self.impossible}

    def __str__(self) -> str:
        counts = [f"{count} of {name} read again" for name, count in self.read_again.items()]
        counts += [f"{count} of {name} deleted" for name, count in self.deleted.items()]
        return "\n".join([f"Repair: {', '.join(counts) or 'nothing was ordered'}.", *self.impossible])


def verify_and_repair(settings: Settings, tables: Sequence[Table], seconds: float) -> tuple[Verification, Repair]:
    """Compare, repair what differs and compare again until it is equal or ``seconds`` have passed.

    Raises what `repair` raises, and what reading either side raises.
    """
    found = verify(tables, min(_SETTLE_SECONDS, seconds), partial(compare_once, settings))
    done = repair(settings, tables, found.tables)
    result = verify(tables, seconds, partial(compare_once, settings))
    if not result.equal:
        done.impossible += explain(settings, tables, result.tables)
    return result, done


def repair(settings: Settings, tables: Sequence[Table], comparisons: Comparisons) -> Repair:
    """Order everything that ``comparisons`` names to be put right; compare again to see it done.

    Raises SourceUnavailable when PostgreSQL or Kafka is away.
    """
    done = Repair()
    with connect(settings) as connection:
        connection.autocommit = True
        for table in tables:
            with reported(settings, table):
                _repair_table(settings, connection, table, comparisons[table.name].differences, done)
    return done


def _repair_table(
    settings: Settings, connection: Connection, table: Table, differences: Sequence[Difference], done: Repair
) -> None:
    again = [difference for difference in differences if difference.kind is not Kind.EXTRA]
    extra = [difference for difference in differences if difference.kind is Kind.EXTRA]
    if extra:
        position = _number(connection, sql.SQL(_POSITION))
        _signal(connection, "log", '{"message": "Dataflix compares source and raw."}')  # the fence
        there = _present(connection, table, extra)
        gone = [difference for difference in extra if difference not in there]
        if gone and not orders.has_plain_key(table):
            done.impossible.append(
                f"{len(gone)} rows of {table.name} are not in the source and stay in raw: Dataflix cannot write the "
                f"deletion of a key such as {', '.join(table.key)}. Delete them from raw.{table.name} by hand."
            )
        elif gone:
            _publish_deletions(settings, table, gone, position, _number(connection, sql.SQL(_EPOCH)))
            done.deleted[table.name] = len(gone)
            # A row that came back before its deletion was published stands before it in the topics: read it once
            # more, or compaction would keep the deletion.
            there += _present(connection, table, gone)
        again += there
    for part in _parts(again):
        condition = orders.as_text(connection, orders.names_rows(table, part))
        _signal(connection, "execute-snapshot", orders.read_again(table, condition))
    if again:
        done.read_again[table.name] = len(again)


def explain(settings: Settings, tables: Sequence[Table], comparisons: Comparisons) -> list[str]:
    """A sentence for each row that still differs because raw holds a version that no change of the source can beat."""
    with connect(settings) as connection:
        position = _number(connection, sql.SQL(_POSITION))
        epoch = _number(connection, sql.SQL(_EPOCH))
    highest = RowVersion(epoch, position, True, 0).packed()
    sentences = []
    with clickhouse(settings, ClickHouseUser.VERIFIER) as client:
        for table in tables:
            for part in _parts(comparisons[table.name].differences[:_EXPLAINED_AT_MOST]):
                keys = [tuple(str(value) for value in difference.key.values()) for difference in part]
                columns = ", ".join(f"toString(`{name}`)" for name in table.key)
                types = ", ".join("String" for _ in table.key)
                query = (
                    f"select distinct {columns} from {RAW_DATABASE}.`{table.name}` "  # noqa: S608
                    f"where tuple({columns}) in {{keys:Array(Tuple({types}))}} "
                    f"and {events.VERSION} > {{highest:UInt128}}"
                )
                try:
                    rows = client.query(query, {"keys": keys, "highest": highest}).result_rows
                except DatabaseError as error:
                    raise refusal(settings, ClickHouseUser.VERIFIER, error) from None
                sentences += [_beyond(table, row) for row in rows]
    return sentences


def _beyond(table: Table, key: Sequence[str]) -> str:
    named = ", ".join(f"{name} {value}" for name, value in zip(table.key, key, strict=True))
    return (
        f"{table.name} {named} cannot be repaired: raw holds a version of it that is higher than any change the source "
        f"has made, so every right row loses against it. Delete that version from raw.{table.name} by hand, then "
        "repair again."
    )


def _present(connection: Connection, table: Table, differences: Sequence[Difference]) -> list[Difference]:
    """Those of ``differences`` whose rows the source holds now."""
    found = []
    for difference in differences:
        query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(
            sql.Identifier(table.source_schema, table.table), orders.names_rows(table, [difference])
        )
        if _number(connection, query):
            found.append(difference)
    return found


def _publish_deletions(settings: Settings, table: Table, gone: Sequence[Difference], position: int, epoch: int) -> None:
    producer = Producer(
        # the partitions that Java clients compute: where every other change of the row is
        {**librdkafka(settings.kafka), "acks": "all", "partitioner": "murmur2_random", "log_level": 0}
    )
    failures: list[object] = []
    try:
        for difference in gone:
            key, value = orders.deletion(table, difference.key, position, time.time_ns() // 1_000)
            producer.produce(
                table.private_topic,
                key=key,
                value=value,
                headers=[(EPOCH_HEADER, b"%d" % epoch)],
                on_delivery=lambda error, _: failures.append(error),
            )
        waiting = producer.flush(_REPLY_SECONDS)
    except (KafkaException, BufferError):
        waiting = len(gone)
    if waiting or any(failures):
        raise SourceUnavailable(
            f"Kafka at {settings.kafka} does not take the deletions of {table.name}: see that it runs "
            "(`bin/dataflix status`), and repair again."
        )


def _signal(connection: Connection, type_: str, data: str) -> None:
    connection.execute("INSERT INTO dataflix.signals (id, type, data) VALUES (%s, %s, %s)", [str(uuid4()), type_, data])


def _number(connection: Connection, query: sql.SQL | sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _parts(differences: Sequence[Difference]) -> Iterator[Sequence[Difference]]:
    for start in range(0, len(differences), _ROWS_A_SIGNAL):
        yield differences[start : start + _ROWS_A_SIGNAL]
