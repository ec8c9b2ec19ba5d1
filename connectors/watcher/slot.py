"""Does the replication slot stand, and how much does PostgreSQL keep for it?"""

from typing import Protocol

from connectors.watcher.probe import Level, Observation, Reading
from connectors.watcher.source import Slot
from dataflix import metrics

WARNING_SHARE, ERROR_SHARE = 0.25, 0.75  # of max_slot_wal_keep_size, behind which the slot is lost
_MIB = 1024 * 1024
_LOST = (
    "Changes that were not read are lost to the stream: `recovery` tells how everything is read again "
    "(docs/adr/0007-watcher.md)."
)


class SlotSource(Protocol):
    """Where the slot is."""

    async def slot(self) -> Slot | None:
        """None when there is none. Raises SourceUnavailable."""


class SlotProbe:
    """The slot from which Debezium reads."""

    name = "slot"
    interval_s = 5.0
    timeout_s = 10.0

    def __init__(self, source: SlotSource) -> None:
        self._source = source

    async def observe(self) -> Observation:
        """Raises SourceUnavailable."""
        return judge(await self._source.slot())


def judge(slot: Slot | None) -> Observation:
    """How the slot stands. Pure."""
    if slot is None:
        return Observation(
            Level.ERROR, f"The replication slot does not exist. {_LOST}", (Reading(metrics.WATCHER_SLOT_USABLE, 0),)
        )
    level, sentence = _verdict(slot)
    readings = [
        Reading(metrics.WATCHER_SLOT_USABLE, int(not _lost(slot))),
        Reading(metrics.WATCHER_SLOT_ACTIVE, int(slot.active)),
        Reading(metrics.WATCHER_SLOT_RETAINED_BYTES, slot.retained_bytes),
        Reading(metrics.WATCHER_SLOT_UNCONFIRMED_BYTES, slot.unconfirmed_bytes),
    ]
    if slot.limit_bytes > 0:
        readings.append(Reading(metrics.WATCHER_SLOT_LIMIT_BYTES, slot.limit_bytes))
    facts = {"wal_status": slot.wal_status or "unknown"}
    if slot.invalidation_reason:
        facts["invalidation_reason"] = slot.invalidation_reason
    return Observation(level, sentence, tuple(readings), facts)


def _lost(slot: Slot) -> bool:
    return slot.invalidation_reason is not None or slot.wal_status == "lost"


def _verdict(slot: Slot) -> tuple[Level, str]:
    kept = f"PostgreSQL keeps {slot.retained_bytes / _MIB:.0f} MiB of WAL for the slot"
    if _lost(slot):
        return Level.ERROR, f"The replication slot is invalid ({slot.invalidation_reason or slot.wal_status}). {_LOST}"
    share = slot.retained_bytes / slot.limit_bytes if slot.limit_bytes > 0 else 0.0
    of_limit = f", {share:.0%} of what it may keep before the slot is lost: see why the connector does not read."
    if slot.wal_status == "unreserved" or share >= ERROR_SHARE:
        return Level.ERROR, kept + of_limit
    if share >= WARNING_SHARE:
        return Level.WARNING, kept + of_limit
    if not slot.active:
        return Level.WARNING, f"Nobody reads from the slot; {kept}."
    return Level.OK, f"{kept}; {slot.unconfirmed_bytes / 1024:.0f} KiB are not confirmed yet."
