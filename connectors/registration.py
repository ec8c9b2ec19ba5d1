"""The connector as it should be: registered, in the present epoch, running. Begins an epoch where changes were lost.

Every step may be the last one before a crash: what is done is seen at the source and at Connect, and the rest is done
by the next call. One call at a time, by a lock at the source.
"""

from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple

import psycopg
import tenacity

from connectors import epochs, snapshots
from connectors.connect import Connect
from connectors.debezium import connector_config
from connectors.epochs import Epoch, State
from connectors.errors import StreamLost
from connectors.losses import Facts, look, loss
from connectors.postgres import Connection
from dataflix.contracts import Contracts
from dataflix.errors import SourceUnavailable
from dataflix.settings import Settings

_ONE_AT_A_TIME = 7_253_144_003  # key of the advisory lock; 001 is of migrations, 002 of erasures
_SLOT_RELEASED_S = 30.0
FIRST, ORDERED = "the stream began", "somebody ordered it"


class Registered(NamedTuple):
    """What was done: the epoch, begun now or before, and the tables that were signalled for a snapshot."""

    epoch: Epoch
    begun: bool
    ordered: tuple[str, ...]


async def register(
    connection: Connection,
    connect: Connect,
    contracts: Contracts,
    settings: Settings,
    *,
    recover: bool,
    anyway: bool = False,
) -> Registered:
    """Have the connector run in the present epoch, or in a new one if changes were lost, or ``anyway``.

    Raises StreamLost when changes were lost and it may not ``recover``, SourceUnavailable, ConnectorFailed.
    """
    connection.execute("SELECT pg_advisory_lock(%s)", [_ONE_AT_A_TIME])  # until the connection is closed

    async def query(text: LiteralString, arguments: Sequence[str]) -> tuple[Any, ...] | None:
        return connection.execute(text, arguments).fetchone()

    facts = await look(query, connect, settings.connector)
    epoch, begun = _epoch(connection, facts, recover=recover, anyway=anyway)
    config = connector_config(contracts, settings, epoch.number)
    if epoch.state is State.RAISED and facts.written != epoch.number:
        await _clear(connection, connect, connector_config(contracts, settings, epoch.number - 1), settings.connector)
    present = await connect.config()
    if epoch.state is State.RAISED or present is None:
        # everything is read; noted before, so that a repeated start orders nothing twice
        snapshots.record(connection, contracts)
    if present != config:
        await connect.put(config)
    if epoch.state is State.RAISED:
        await connect.resume()
    await connect.wait_until_running(config)
    if epoch.state is State.RAISED:
        epochs.move(connection, epoch, State.READING)
    return Registered(epoch, begun, snapshots.order_missing(connection, contracts))


def _epoch(connection: Connection, facts: Facts, *, recover: bool, anyway: bool) -> tuple[Epoch, bool]:
    """The present epoch, and whether it began now."""
    if facts.epoch is None:
        state = State.READING if facts.written is None else State.WHOLE
        return epochs.begin(connection, Epoch(facts.written or 0, state, FIRST, facts.system_identifier)), False
    reason = loss(facts)
    if reason and not recover:
        raise StreamLost(
            f"Changes were lost to the stream: {reason}. `bin/dataflix recover` reads everything again "
            "(DATAFLIX_RECOVER is off, or this would happen by itself)."
        )
    if anyway and facts.epoch.state is not State.RAISED:
        reason = reason or ORDERED
    if reason is None:
        return facts.epoch, False
    number = max(facts.epoch.number, facts.written or 0) + 1
    if number > epochs.HIGHEST:
        raise StreamLost(
            f"Changes were lost to the stream ({reason}), and versions hold no further epoch: drop the raw tables and "
            "the masked topics, and empty dataflix.epochs at the source."
        )
    return epochs.begin(connection, Epoch(number, State.RAISED, reason, facts.system_identifier)), True


async def _clear(connection: Connection, connect: Connect, config: dict[str, str], slot: str) -> None:
    """Forget how far was read, at Connect and at the source. The connector writes in the epoch before until this is
    done: what it writes in is the sign for whoever comes after a crash.
    """
    if await connect.config() is None:
        # what Connect still knows of the place can only be deleted together with a connector
        await connect.create_stopped(config)
    else:
        await connect.stop()
    await connect.forget_place()
    _drop_slot(connection, slot)


def _drop_slot(connection: Connection, slot: str) -> None:
    """Raises SourceUnavailable when somebody keeps on reading from it."""
    try:
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(psycopg.errors.ObjectInUse),
            stop=tenacity.stop_after_delay(_SLOT_RELEASED_S),
            wait=tenacity.wait_fixed(0.2),
            reraise=True,
        ):
            with attempt:
                connection.execute(
                    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s AND active",
                    [slot],
                )
                connection.execute(
                    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", [slot]
                )
    except psycopg.errors.ObjectInUse:
        raise SourceUnavailable(
            f"The replication slot {slot} is in use {_SLOT_RELEASED_S:g} s after the connector was stopped: "
            "see pg_replication_slots for who reads from it, and end that."
        ) from None
