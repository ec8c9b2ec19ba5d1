"""Were changes lost between the source and the connector? What tells it, and the judgement.

The judgement is pure, and says no where it cannot know: before the first events, and while a server is away.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, Protocol

from connectors.connect import ConnectorStatus, Place
from connectors.debezium import EPOCH_SETTING
from connectors.epochs import PRESENT, Epoch, State

_SLOT: LiteralString = """
SELECT (confirmed_flush_lsn - '0/0'::pg_lsn)::bigint, wal_status, invalidation_reason
FROM pg_replication_slots WHERE slot_name = %s
"""
_CLUSTER: LiteralString = """
SELECT (SELECT system_identifier::text FROM pg_control_system()),
       (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint
"""

Query = Callable[[LiteralString, Sequence[str]], Awaitable[tuple[Any, ...] | None]]
"""The first row of a query at the source. Raises SourceUnavailable."""


class Connector(Protocol):
    """The connector as Connect knows it. Every method raises SourceUnavailable."""

    async def config(self) -> dict[str, str] | None: ...

    async def status(self) -> ConnectorStatus | None: ...

    async def place(self) -> Place | None: ...


@dataclass(frozen=True, slots=True)
class SlotPlace:
    """What the slot says of itself. Positions are in bytes of the source's log."""

    confirmed: int | None
    invalid: str | None  # why it is of no use any more


@dataclass(frozen=True, slots=True)
class Facts:
    """What both ends of the connector know."""

    slot: SlotPlace | None
    written: int | None  # the epoch that the connector writes in; None when Connect does not know it
    runs: bool
    place: Place | None
    system_identifier: str
    log_end: int
    epoch: Epoch | None


async def look(query: Query, connector: Connector, slot: str) -> Facts:
    """Ask both ends. Raises SourceUnavailable.

    The order matters: the slot is confirmed after the place is stored, and no place is behind the end of the log.
    """
    found = await query(_SLOT, [slot])
    config = await connector.config()
    status = await connector.status() if config else None
    place = await connector.place() if config else None
    identifier, log_end = await query(_CLUSTER, []) or ("", 0)
    epoch = await query(PRESENT, [])
    return Facts(
        slot=None if found is None else SlotPlace(found[0], found[2] or ("lost" if found[1] == "lost" else None)),
        written=None if config is None else int(config.get(EPOCH_SETTING, 0)),
        runs=status is not None and status.running,
        place=place,
        system_identifier=identifier,
        log_end=log_end,
        epoch=None if epoch is None else Epoch.of(epoch),
    )


def loss(facts: Facts) -> str | None:
    """Why changes are lost, as a part of a sentence; None when none are, as far as can be told."""
    epoch = facts.epoch
    if epoch is None or epoch.state is State.RAISED:
        return None  # nothing was read yet; or it is known, and worked on
    if facts.system_identifier != epoch.system_identifier:
        return "the source is another cluster than the one that was read"
    if facts.written is None:
        return "Kafka Connect has forgotten the connector"
    if facts.written > epoch.number:
        return "the source was restored from an older backup"
    if facts.place is None:
        # a snapshot has begun, and its first rows will tell the place
        return None if epoch.state is State.READING else "Kafka Connect has forgotten how far was read"
    return _loss_of_slot(facts.slot, facts.place, facts)


def _loss_of_slot(slot: SlotPlace | None, place: Place, facts: Facts) -> str | None:
    if slot is None:
        return "the replication slot is gone"
    if slot.invalid:
        return f"the replication slot is invalid ({slot.invalid})"
    if place.position > facts.log_end:
        return "the log of the source ends before the place that was read"
    if not facts.runs and slot.confirmed is not None and slot.confirmed > place.position:
        return "the replication slot was made anew behind the place that was read"
    return None
