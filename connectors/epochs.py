"""The epochs of the stream, as the source keeps them in ``dataflix.epochs``: the last one is present.

An epoch ends when changes were lost (`connectors.losses`). The next one reads everything anew, and its events beat all
that came before. Each step towards that is noted before the next one begins, so that whoever comes after a crash goes
on where it stopped (docs/adr/0007).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, LiteralString

from connectors.postgres import Connection

PRESENT: LiteralString = (
    "SELECT epoch, state, reason, system_identifier FROM dataflix.epochs ORDER BY epoch DESC LIMIT 1"
)
MOVE: LiteralString = (
    "UPDATE dataflix.epochs SET state = %s, ended_at = CASE WHEN %s = 'whole' THEN now() END "
    "WHERE epoch = %s AND state = %s RETURNING epoch"
)
HIGHEST = 255  # what a row version holds


class State(StrEnum):
    """How far an epoch has come."""

    RAISED = "raised"  # noted; the connector does not write in it yet
    READING = "reading"  # the connector reads everything
    COMPARING = "comparing"  # everything was read; what was deleted meanwhile has to leave raw
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One row."""

    number: int
    state: State
    reason: str  # why it began, a part of a sentence
    system_identifier: str  # of the cluster that it reads

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "Epoch":
        """From a row of `PRESENT`."""
        number, state, reason, system_identifier = row
        return cls(number, State(state), reason, system_identifier)


def begin(connection: Connection, epoch: Epoch) -> Epoch:
    """Note ``epoch`` as the present one."""
    connection.execute(
        "INSERT INTO dataflix.epochs (epoch, state, reason, system_identifier, ended_at) "
        "VALUES (%s, %s, %s, %s, CASE WHEN %s = 'whole' THEN now() END)",
        [epoch.number, epoch.state, epoch.reason, epoch.system_identifier, epoch.state],
    )
    return epoch


def move(connection: Connection, epoch: Epoch, state: State) -> None:
    """Note how far ``epoch`` has come; without effect when somebody else moved it."""
    connection.execute(MOVE, [state, state, epoch.number, epoch.state])
