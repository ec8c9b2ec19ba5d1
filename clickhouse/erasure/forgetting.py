"""Forgetting one person, step by step. Each step may be repeated: what an interrupted run left, the next one erases."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import tenacity
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from clickhouse.erasure import tables as rows
from clickhouse.erasure.letters import Traces, close_letters, waiting_letters
from clickhouse.erasure.receipt import Receipt, Rest
from clickhouse.erasure.source_side import (
    ErasureFailed,
    PersonalTables,
    SourceDeletion,
    delete_from_source,
    read_anew_since,
)
from clickhouse.erasure.topics import Broker, MaskedTopics, mentions_of
from clickhouse.erasure.trainings import DATA_SETS, forget_in_trainings
from clickhouse.raw_tables import RAW_DATABASE, SERVED_DATABASE
from dataflix import dead_letters
from dataflix.clickhouse_client import ClickHouseUser, clickhouse, refusal
from dataflix.contracts import PEOPLE, Contracts, Table
from dataflix.errors import ContractViolation, NotFound
from dataflix.letter_box import Entry
from dataflix.private_log import KafkaLog
from dataflix.settings import WORKER_GROUP, Settings

UNKNOWN_TABLE = 60
PRIVATE_TOPICS = "private topics"
_POLL_SECONDS = 0.1
_DBT_RUNS = 5  # tries, while dbt swaps the tables that are read

Say = Callable[[str], None]


class UnknownPerson(NotFound):
    """Nobody of this number is in the source, and raw knows nobody of this number either."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person to be forgotten, and where to look for the person."""

    settings: Settings
    contracts: Contracts
    client: Client  # as `eraser`
    broker: Broker
    user_id: int
    wait_seconds: float  # for the deletions to come through the stream
    say: Say  # takes a sentence about each step
    deleted_before: SourceDeletion | None = None  # what somebody else has deleted at the source already

    @property
    def tables(self) -> PersonalTables:
        return self.contracts.personal_tables()

    @property
    def people(self) -> Table:
        return self.tables[-1][0]

    @property
    def column(self) -> str:
        return self.tables[-1][1]

    def run(self) -> Receipt:
        """Raises UnknownPerson, ErasureFailed when the stream does not bring the deletions, and when a server is away:
        SourceUnavailable or SettingsError.
        """
        begun = datetime.now(UTC)
        deletion = delete_from_source(self.settings, self.tables, self.user_id) or self.deleted_before
        erased = {f"source.{name}": count for name, count in deletion.rows.items()} if deletion else {}
        if deletion is None and not self._was_here():
            raise UnknownPerson(
                f"There is no user {self.user_id}: neither the source nor raw knows one of this number. "
                "Nothing was changed."
            )
        self.say("Waiting until the stream has delivered the deletions.")
        self._await_stream(deletion)
        hashes = frozenset[str]().union(
            *(rows.known_hashes(self.client, table, column, self.user_id) for table, column in self.tables)
        )
        self.say("Closing the dead letters.")
        traces = self._traces(deletion)
        letters = self._waiting(traces)
        close_letters(self.settings.kafka, letters)
        if letters:
            erased[dead_letters.TOPIC] = len(letters)
        self.say("Erasing rows from raw and analytics.")
        erased |= _while_dbt_swaps(lambda: rows.erase_rows(self.client, self._served(), self.column, self.user_id))
        self.say("Reading the masked topics.")
        mentions = mentions_of(self.column, self.user_id, hashes)
        with closing(MaskedTopics(self.settings.kafka, self.contracts.tables, mentions)) as topics:
            topics.read()
            if topics.entomb():
                topics.read()
            keys = {topic: person.tombstones_since(begun) for topic, person in topics.people.items()}
            erased |= {topic: count for topic, count in keys.items() if count}
            self.say("Scanning every table of raw and analytics.")
            found = _while_dbt_swaps(lambda: rows.scan(self.client, self._served(), self.column, self.user_id, hashes))
            if left := self._waiting(traces):
                found[dead_letters.TOPIC] = len(left)
            self.say("Asking for the data sets of trainings.")  # which none can be taken anew with the person in it
            data_sets, trained = forget_in_trainings(self.settings, self.user_id)
            erased |= {DATA_SETS: data_sets} if data_sets else {}
            return self._receipt(erased, found | topics.found(), self._rest(topics, letters) | trained)

    def _was_here(self) -> bool:
        live = any(rows.live_rows(self.client, table, column, self.user_id) for table, column in self.tables)
        return live or rows.deleted_at(self.client, self.people, self.column, self.user_id) is not None

    def _traces(self, deletion: SourceDeletion | None) -> Traces:
        keys = {
            table.private_topic: rows.known_keys(self.client, table, column, self.user_id, deletion)
            for table, column in self.tables
        }
        return Traces(self.column, self.user_id, keys, self.settings.masking_key.get_secret_value().encode())

    def _waiting(self, traces: Traces) -> list[Entry]:
        with closing(KafkaLog(self.settings.kafka, WORKER_GROUP)) as log:
            return waiting_letters(log, self.contracts, [table for table, _ in self.tables], traces)

    def _served(self) -> list[rows.ServedTable]:
        return rows.served_tables(self.client, self.column)

    def _await_stream(self, deletion: SourceDeletion | None) -> None:
        """Wait until raw shows every deletion, and until the worker will not deliver anything before them again."""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda missing: missing is not None),
            stop=tenacity.stop_after_delay(self.wait_seconds),
            wait=tenacity.wait_fixed(_POLL_SECONDS),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        missing = attempts(self._missing, deletion)
        if missing:
            raise ErasureFailed(
                f"After {self.wait_seconds:g} s {missing}. The source holds nothing of the user {self.user_id} any "
                "more; see that connector and worker run (`bin/dataflix status`) and that no deletion lies in the dead "
                "letters, bring raw in line (`bin/dataflix verify --repair`), then run this again."
            )

    def _missing(self, deletion: SourceDeletion | None) -> str | None:
        if deletion and read_anew_since(self.settings, deletion):
            deletion = None
        for table, column in self.tables:
            if deletion and (due := deletion.rows.get(table.name, 0)):
                marked, offsets = rows.markers(self.client, table, deletion)
                if marked < due:
                    return f"the stream has not brought {due - marked} of {due} deletions of {table.name}"
                if not self.broker.delivered(table, offsets):
                    return f"the worker has not acknowledged the deletions of {table.name}"
            if live := rows.live_rows(self.client, table, column, self.user_id):
                return f"raw.{table.name} shows {live} rows of the user as not deleted"
        return None

    def _receipt(self, erased: dict[str, int], found: dict[str, int], remaining: dict[str, Rest]) -> Receipt:
        private = remaining.get(PRIVATE_TOPICS)
        return Receipt(self.user_id, erased, found, private.until if private else None, remaining)

    def _rest(self, topics: MaskedTopics, letters: list[Entry]) -> dict[str, Rest]:
        """What stays on purpose, by place."""
        now = datetime.now(UTC)
        deleted_at = rows.deleted_at(self.client, self.people, self.column, self.user_id)
        private = [table.private_topic for table, _ in self.tables]
        # a segment goes as a whole, when the newest event in it is old enough
        kept = self.broker.kept_for(private, "retention.ms", "segment.ms")
        until = None if kept is None else (deleted_at or now) + kept
        remaining: dict[str, Rest] = {}
        if until is None:
            remaining[PRIVATE_TOPICS] = Rest("changes as they were made: these topics are kept without end")
        elif until > now:
            remaining[PRIVATE_TOPICS] = Rest("changes as they were made, until the topics let go of them", until)
        if deleted_at is not None:
            remaining[f"{RAW_DATABASE}.{self.people.name}"] = Rest(
                "the mark that the row was deleted: the number, no other data. Without it a late event would bring "
                "the row back",
                count=1,
            )
        for topic, person in topics.people.items():
            if person.told_at:
                lag = self.broker.kept_for([topic], "max.compaction.lag.ms")
                remaining[topic] = Rest(
                    "earlier masked events, below their tombstones, until the topic is compacted: then, or with the "
                    "next event after it",
                    None if lag is None else max(person.told_at) + lag,
                    len(person.told_at),
                )
        if letters:
            kept = self.broker.kept_for([dead_letters.TOPIC], "retention.ms", "segment.ms")
            remaining[dead_letters.TOPIC] = Rest(
                "closed letters: where the events stood, why, and a hash of the row's key; the topic lets go of them",
                None if kept is None else now + kept,
                len(letters),
            )
        remaining[SERVED_DATABASE] = Rest(
            "counts and means over many people, until dbt builds them again (`bin/dataflix dbt build`)"
        )
        remaining["postgresql"] = Rest(
            "dead rows until autovacuum, the write-ahead log until it is recycled, and whatever backups you keep"
        )
        return remaining


def forget(
    settings: Settings,
    contracts: Contracts,
    user_id: int,
    wait_seconds: float,
    say: Say,
    deleted_before: SourceDeletion | None = None,
) -> Receipt:
    """Erase the person from source, raw, marts and masked topics, close the dead letters, and look what is left.

    ``deleted_before`` is the deletion at the source where that has happened already.
    Raises ContractViolation when no contract describes people, else what `Erasure.run` raises.
    """
    if not contracts.personal_tables():
        raise ContractViolation(
            f"No contract describes people: the table {PEOPLE!r} with a key of one column names a person."
        )
    with clickhouse(settings, ClickHouseUser.ERASER) as client:
        # the values that are looked for must not stand in the server's log of queries
        client.set_client_setting("log_queries", 0)
        broker = Broker(settings.kafka)
        erasure = Erasure(settings, contracts, client, broker, user_id, wait_seconds, say, deleted_before)
        try:
            return erasure.run()
        except DatabaseError as error:
            raise refusal(settings, ClickHouseUser.ERASER, error) from None


def _while_dbt_swaps(read: Callable[[], dict[str, int]]) -> dict[str, int]:
    """dbt replaces a mart by another table: one that was listed may be gone when it is read."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(
            lambda error: isinstance(error, DatabaseError) and error.code == UNKNOWN_TABLE
        ),
        stop=tenacity.stop_after_attempt(_DBT_RUNS),
        wait=tenacity.wait_fixed(_POLL_SECONDS),
        reraise=True,
    )(read)
