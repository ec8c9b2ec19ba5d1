"""Is the source what the contracts say? Asked of PostgreSQL's catalogue.

Events that were written while a table differed may lack columns, and a table outside of the publication has no events.
So a table that stopped is read again once it agrees: that it has to be stands in ``dataflix.snapshots``, where a
restart of the watcher finds it.
"""

import asyncio
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import psycopg
import structlog

from connectors import snapshots
from connectors.postgres import Connection
from connectors.roles import VERIFIER
from connectors.watcher.probe import Level, Observation, Reading
from dataflix import metrics
from dataflix.contracts import Contracts
from dataflix.drift import CATALOGUE, Finding, Structure, drift, structures
from dataflix.errors import SourceUnavailable
from dataflix.settings import Settings

CONNECT_S = 3
STATEMENT_MS = 4_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the source has of the tables under contract."""

    as_of: datetime  # on PostgreSQL's clock, before it was read
    tables: dict[str, Structure]


class Source(Protocol):
    """The source as the probe needs it. Raises SourceUnavailable."""

    def catalogue(self) -> Catalogue:
        """Read it now."""

    def read_again(self, stopped: Collection[str]) -> tuple[str, ...]:
        """Note that the tables ``stopped`` (``schema.table``) have to be read again, and order it for those that were
        noted before and are not stopped any more; their names.
        """


class StructureProbe:
    """Compares the source with the contracts. Its facts tell the worker which tables have to wait."""

    name = "structure"
    interval_s = 2.0
    timeout_s = 10.0

    def __init__(self, source: Source, contracts: Contracts) -> None:
        self._source = source
        self._contracts = contracts
        self._known: tuple[Finding, ...] = ()

    async def observe(self) -> Observation:
        return await asyncio.to_thread(self._look)

    def _look(self) -> Observation:
        catalogue = self._source.catalogue()
        findings = drift(self._contracts, catalogue.tables)
        stopped = sorted({finding.table for finding in findings if finding.stops})
        again = self._source.read_again([self._contracts.table(name).source for name in stopped])
        self._tell(findings, again)
        level = Level.ERROR if stopped else Level.WARNING if findings else Level.OK
        sentence = " ".join(finding.message for finding in findings) or "The source is what the contracts say."
        tables = [table.name for table in self._contracts]
        counts = Counter((finding.table, str(finding.kind)) for finding in findings)
        readings = (
            *(Reading(metrics.WATCHER_STOPPED_TABLES, name in stopped, (name,)) for name in tables),
            *(Reading(metrics.WATCHER_STRUCTURE_FINDINGS, count, labels) for labels, count in counts.items()),
        )
        facts = {"as_of": catalogue.as_of.isoformat(), "stopped": ",".join(stopped)}
        named = {".".join(filter(None, (finding.table, finding.column))): str(finding.kind) for finding in findings}
        return Observation(level, sentence, readings, facts | named)

    def _tell(self, findings: tuple[Finding, ...], again: tuple[str, ...]) -> None:
        for finding in findings:
            if finding not in self._known:
                say = _log.error if finding.stops else _log.warning
                say("source_differs", table=finding.table, kind=str(finding.kind), reason=finding.message)
        for finding in self._known:
            if finding not in findings:
                _log.info("source_mended", table=finding.table, kind=str(finding.kind), column=finding.column)
        for table in again:
            _log.info("snapshot_ordered", table=table)
        self._known = findings


class PostgresSource:
    """The source, read as the role that compares: it sees the catalogue and orders rows to be read again."""

    def __init__(self, settings: Settings, contracts: Contracts) -> None:
        self._settings = settings
        self._contracts = contracts
        self._connection: Connection | None = None

    def catalogue(self) -> Catalogue:
        try:
            connection = self._connected()
            as_of = connection.execute("SELECT clock_timestamp()").fetchone()
            rows = connection.execute(CATALOGUE, [[table.source for table in self._contracts]]).fetchall()
        except psycopg.OperationalError:
            raise self._away() from None
        if as_of is None or not isinstance(as_of[0], datetime):
            raise self._away()
        return Catalogue(as_of[0].astimezone(UTC), structures(rows))

    def read_again(self, stopped: Collection[str]) -> tuple[str, ...]:
        try:
            connection = self._connected()
            snapshots.forget(connection, stopped)
            return snapshots.order_forgotten(connection, self._contracts, except_for=stopped)
        except psycopg.OperationalError:
            raise self._away() from None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._settings.postgres_conninfo(VERIFIER, self._settings.postgres_verifier_password),
                autocommit=True,
                connect_timeout=CONNECT_S,
                options=f"-c statement_timeout={STATEMENT_MS}",
            )
        return self._connection

    def _away(self) -> SourceUnavailable:
        with suppress(psycopg.Error):
            self.close()
        return SourceUnavailable(
            f"PostgreSQL at {self._settings.postgres} does not tell its structure: see `bin/dataflix logs postgres`."
        )
