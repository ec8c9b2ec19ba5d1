"""Masking every hashed column again under the present key, step by step.

The key is a setting, and the worker masks under it already. What an earlier key made is told by its id, in the rows
themselves: so a run that was interrupted is continued by the next one, and each step may be repeated.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from uuid import uuid4

import tenacity
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from clickhouse.erasure.receipt import Rest
from clickhouse.erasure.topics import Broker
from clickhouse.raw_tables import RAW_DATABASE
from clickhouse.reconciliation.source_side import connect, reported
from clickhouse.remasking import raw_side as rows
from clickhouse.remasking.receipt import RemaskingReceipt
from clickhouse.remasking.topic_side import OldKeyInTopic
from clickhouse.topic_reader import TopicReader
from dataflix.clickhouse_client import ClickHouseUser, clickhouse, refusal
from dataflix.contracts import Contracts, Table
from dataflix.errors import DataflixError
from dataflix.masking import key_id
from dataflix.settings import Settings

_POLL_SECONDS = 0.2

Progress = Callable[[int, int], None]
"""Takes how many rows are masked under the present key, and of how many."""


class RemaskingFailed(DataflixError):
    """A step did not come about; running it again continues it."""


@dataclass(frozen=True, slots=True)
class Remasking:
    """One run over the tables with hashed columns."""

    settings: Settings
    tables: Sequence[Table]
    key_id: str  # of the key that everything is to be masked under
    client: Client  # as `eraser`
    wait_seconds: float  # in which the next row has to come
    progress: Progress

    def run(self) -> RemaskingReceipt:
        """Raises RemaskingFailed when rows do not come, SourceUnavailable or SettingsError when a server is away."""
        before = {table.name: rows.key_ids(self.client, table) for table in self.tables}
        previous = {key_id for counts in before.values() for key_id in counts} - {self.key_id}
        topics = {table.masked_topic: OldKeyInTopic(self.key_id) for table in self.tables}
        with closing(TopicReader(self.settings.kafka, topics)) as reader:
            reader.read()
            due = {table.name: self._due(table, topics[table.masked_topic]) for table in self.tables}
            if any(due.values()):
                self._order([table for table in self.tables if due[table.name]])
                self._await(reader, topics, due)
            erased = {_place(table): rows.erase_old(self.client, table, self.key_id) for table in self.tables}
            found = self._scan(reader, topics)
        return RemaskingReceipt(
            key_id=self.key_id,
            previous=tuple(sorted(previous)),
            remasked={f"{RAW_DATABASE}.{name}": count for name, count in due.items() if count},
            erased={place: count for place, count in erased.items() if count},
            found=found,
            remaining=self._remaining(topics),
        )

    def _due(self, table: Table, topic: OldKeyInTopic) -> int:
        return max(rows.outdated_rows(self.client, table, self.key_id), len(topic.outdated))

    def _order(self, tables: Sequence[Table]) -> None:
        """Have Debezium read the tables again. What it reads carries the newest commit, and so beats what is there."""
        order = {"type": "incremental", "data-collections": [table.source for table in tables]}
        with connect(self.settings) as connection, reported(self.settings, None):
            connection.execute(
                "INSERT INTO dataflix.signals (id, type, data) VALUES (%s, 'execute-snapshot', %s)",
                [str(uuid4()), json.dumps(order)],
            )

    def _await(self, reader: TopicReader, topics: dict[str, OldKeyInTopic], due: dict[str, int]) -> None:
        total = sum(due.values())
        least, since = total, time.monotonic()

        def left() -> int:
            nonlocal least, since
            reader.read()
            now = sum(self._due(table, topics[table.masked_topic]) for table in self.tables)
            if now < least:
                least, since = now, time.monotonic()
            self.progress(total - min(now, total), total)
            return now

        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_result(bool),
            stop=lambda _: time.monotonic() - since > self.wait_seconds,
            wait=tenacity.wait_fixed(_POLL_SECONDS),
            retry_error_callback=lambda _: least,
        )
        if attempts(left):
            raise RemaskingFailed(
                f"For {self.wait_seconds:g} s no further row came, and {least} of {total} are masked under another key "
                "still. See that connector and worker run (`bin/dataflix status`) and that raw holds what the source "
                "holds (`bin/dataflix verify --repair`), then run this again: it goes on from here."
            )

    def _scan(self, reader: TopicReader, topics: dict[str, OldKeyInTopic]) -> dict[str, int]:
        reader.read()
        found = {_place(table): rows.old_rows(self.client, table, self.key_id) for table in self.tables}
        found |= rows.foreign_hashes(self.client, self.tables) if self.tables else {}
        found |= {topic: len(told.outdated) for topic, told in topics.items()}
        return {place: count for place, count in found.items() if count}

    def _remaining(self, topics: dict[str, OldKeyInTopic]) -> dict[str, Rest]:
        remaining: dict[str, Rest] = {}
        broker = Broker(self.settings.kafka)
        for topic, told in topics.items():
            if told.newest_old_at is not None:
                lag = broker.kept_for([topic], "max.compaction.lag.ms")
                remaining[topic] = Rest(
                    "earlier masked events, below newer ones, until the topic is compacted: then, or with the next "
                    "event after it",
                    None if lag is None else told.newest_old_at + lag,
                    told.superseded,
                )
        return remaining


def remask(settings: Settings, contracts: Contracts, wait_seconds: float, progress: Progress) -> RemaskingReceipt:
    """Mask again whatever another key than the present one masked, and look whether anything is left.

    Raises what `Remasking.run` raises.
    """
    hashed = [table for table in contracts if table.is_hashed]
    with _eraser(settings) as client:
        present = key_id(settings.masking_key.get_secret_value().encode())
        return Remasking(settings, hashed, present, client, wait_seconds, progress).run()


def counted(settings: Settings, contracts: Contracts) -> dict[str, dict[str, int]]:
    """Rows of raw by place and by the id of the key that masked them. Raises SourceUnavailable or SettingsError."""
    with _eraser(settings) as client:
        return {_place(table): rows.key_ids(client, table) for table in contracts if table.is_hashed}


@contextmanager
def _eraser(settings: Settings) -> Iterator[Client]:
    with clickhouse(settings, ClickHouseUser.ERASER) as client:
        try:
            yield client
        except DatabaseError as error:
            raise refusal(settings, ClickHouseUser.ERASER, error) from None


def _place(table: Table) -> str:
    return f"{RAW_DATABASE}.{table.name}"
