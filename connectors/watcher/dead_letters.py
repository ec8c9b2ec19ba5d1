"""How many dead letters wait for somebody to replay or discard them?"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from connectors.watcher.probe import Level, Observation, Reading
from dataflix import dead_letters, metrics
from dataflix.contracts import Contracts
from dataflix.letter_box import fold
from dataflix.private_log import PrivateLog


class Letters(Protocol):
    """Where dead letters lie. Blocks; raises SourceUnavailable."""

    def waiting(self) -> Mapping[str, int]:
        """Letters that nobody is done with, by table."""


class DeadLetterProbe:
    """The dead letters that wait, by table."""

    name = "dead_letters"
    interval_s = 10.0
    timeout_s = 60.0

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    async def observe(self) -> Observation:
        """Raises SourceUnavailable."""
        waiting = await asyncio.to_thread(self._letters.waiting)
        readings = tuple(Reading(metrics.WATCHER_DEAD_LETTERS, count, (table,)) for table, count in waiting.items())
        if not (total := sum(waiting.values())):
            return Observation(Level.OK, "No dead letter waits.", readings)
        told = ", ".join(f"{count} of {table}" for table, count in waiting.items() if count)
        return Observation(
            Level.WARNING, f"Dead letters that wait: {total} ({told}). See `bin/dataflix dlq list`.", readings
        )


class KafkaLetters:
    """The topic of dead letters. It is read again only when it has grown or shrunk since."""

    def __init__(self, log: PrivateLog, contracts: Contracts) -> None:
        self._log = log
        self._contracts = contracts
        self._seen: range | None = None
        self._waiting: dict[str, int] = {}

    def waiting(self) -> Mapping[str, int]:
        there = self._log.span(dead_letters.TOPIC, 0)
        if there != self._seen:
            box = fold(self._log.read(dead_letters.TOPIC, 0, there), self._contracts)
            counts = Counter(entry.table for entry in box.waiting)
            self._waiting = {table.name: 0 for table in self._contracts} | counts
            self._seen = there
        return self._waiting
