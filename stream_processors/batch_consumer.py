"""A consumer for Faust that hands over what one fetch brought of a partition as one message.

Faust delivers record by record, at 160 to 200 microseconds each whatever the handler does. Here it keeps group
membership, rebalances, flow control and commits; a message's value is a whole `FetchedBatch`.

Offsets are committed only up to batches that were marked delivered. Faust itself acknowledges messages that it skips
while partitions move or the application stops: taken at its word, they would be lost.

This leans on non-public parts of faust-streaming 0.15.3, which is pinned; ``tests/integration/test_worker_consumer.py``
holds the behaviour against a real broker. Of ``faust.transport.consumer.Consumer`` it replaces ``_drain_messages`` and
``_new_offset`` and uses ``_wait_next_records``, ``_to_message``, ``_acked``, ``_acked_index``, ``_read_offset``,
``_paused_partitions`` and ``_stopped``; of the aiokafka driver it extends
``AIOKafkaConsumerThread._create_worker_consumer`` and sets ``_fetch_max_wait_ms`` of aiokafka's own consumer, because
Faust passes 1500.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

FETCH_WAIT_MS = 50  # longest wait of the broker for more records: part of the latency when little happens

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class FetchedBatch:
    """The records that one fetch brought of one partition, in offset order."""

    records: Sequence[Any]  # aiokafka ConsumerRecord
    assignment: int  # which assignment of partitions it was fetched under
    delivered: bool = False  # set by who delivered it, before it acknowledges the event

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return sum(len(record.value) for record in self.records if record.value is not None)

    def let_go(self) -> None:
        """Drop the records: all that was to be read of them has been."""
        self.records = ()


class _Thread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread with a shorter fetch wait."""

    mundane_level = "debug"

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer


class BatchConsumer(driver.Consumer):
    """Delivers batches; commits the prefix of each partition that was delivered under the present assignment."""

    mundane_level = "debug"  # of what it logs about its start and its stop

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.assignment_number = 0  # goes up whenever partitions come or go: what was fetched before is stale
        self._handed: defaultdict[TP, deque[int]] = defaultdict(deque)  # last offsets of batches handed over
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> _Thread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    def on_buffer_full(self, tp: TP) -> None:
        """Keep fetching: the queue of the agent is bounded and blocks. Faust would sleep a second instead."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Nothing was paused, so nothing resumes."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's watch over idle partitions takes a quiet table for a broken one; `health` watches instead."""

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self._forget()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self._forget()
        await super().on_partitions_assigned(assigned, generation_id)

    def _forget(self) -> None:
        self.assignment_number += 1
        for offsets in (self._handed, self._acked, self._acked_index):
            offsets.clear()

    def is_current(self, batch: FetchedBatch) -> bool:
        """False when partitions have moved since: the batch will be fetched again, here or by another worker."""
        return batch.assignment == self.assignment_number

    def pause(self, topic: str, partition: int) -> None:
        """Fetch no more of the partition, and keep it."""
        self.pause_partitions({TP(topic, partition)})

    def resume(self, topic: str) -> None:
        """Fetch the partitions of ``topic`` again that were paused."""
        self.resume_partitions({tp for tp in self._paused_partitions if tp.topic == topic})

    def ack(self, message: Any) -> bool:
        batch: FetchedBatch = message.value
        if not batch.delivered or not self.is_current(batch):
            return False
        return bool(super().ack(message))

    def _new_offset(self, tp: TP) -> int | None:
        handed, acked, last = self._handed[tp], self._acked_index[tp], None
        while handed and handed[0] in acked:
            last = handed.popleft()
            acked.discard(last)
        self._acked[tp] = [offset for offset in self._acked[tp] if offset in acked]
        return None if last is None else last + 1

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                records, _ = await self._wait_next_records(timeout=1.0)
                # Read after the wait: partitions that moved during it would make what it brought stale.
                assignment = self.assignment_number
                if not self.flow_active:
                    await self._go_back()
                    continue
                for tp, fetched in (records or {}).items():
                    if not self.flow_active or assignment != self.assignment_number:
                        break
                    await self._hand_over(TP(*tp), fetched, assignment)
        except (asyncio.CancelledError, ConsumerStoppedError):
            if not self.app.should_stop:
                raise

    async def _go_back(self) -> None:
        try:
            await self.perform_seek()
        except KafkaError as error:  # partitions are moving; Faust seeks again before it lets records flow
            _log.warning("seek_failed", error=type(error).__name__)

    async def _hand_over(self, tp: TP, fetched: Iterable[Any], assignment: int) -> None:
        due = self._read_offset.get(tp)
        records = [record for record in fetched if due is None or record.offset >= due]
        if not records:
            return
        if due is not None and records[0].offset > due:
            # Retention or compaction took them before this worker came to read.
            _log.warning("offsets_missing", topic=tp.topic, partition=tp.partition, first=due, next=records[0].offset)
        message = self._to_message(tp, records[-1])
        message.key = None
        message.value = FetchedBatch(records, assignment)  # type: ignore[assignment]  # bytes, where one record travels
        self._handed[tp].append(records[-1].offset)
        await self.wait_first(self.callback(message), self.suspend_flow.wait())
        if assignment == self.assignment_number:
            self._read_offset[tp] = records[-1].offset + 1


class BatchTransport(driver.Transport):
    """Give it to an application as ``app.transport``."""

    Consumer = BatchConsumer
