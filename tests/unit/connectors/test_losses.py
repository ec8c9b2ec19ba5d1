"""When changes count as lost, and when nothing can be told."""

import re
from dataclasses import replace

import pytest

from connectors.connect import Place
from connectors.epochs import Epoch, State
from connectors.losses import Facts, SlotPlace, loss

EPOCH = Epoch(2, State.WHOLE, "the stream began", "77")
FINE = Facts(
    slot=SlotPlace(confirmed=900, invalid=None),
    written=2,
    runs=True,
    place=Place(1_000, in_snapshot=False),
    system_identifier="77",
    log_end=1_100,
    epoch=EPOCH,
)
READING = replace(FINE, epoch=replace(EPOCH, state=State.READING))


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(FINE, id="all is well"),
        pytest.param(replace(FINE, runs=False), id="the connector is away, and its slot waits"),
        pytest.param(replace(FINE, epoch=None, slot=None, place=None, written=None), id="nothing was registered yet"),
        pytest.param(replace(READING, slot=None, place=None), id="the slot is not made yet"),
        pytest.param(replace(READING, place=None), id="the snapshot has no row yet"),
        pytest.param(
            replace(FINE, epoch=replace(EPOCH, state=State.RAISED), slot=None, place=None, written=1),
            id="the recovery is under way",
        ),
        pytest.param(replace(FINE, slot=SlotPlace(1_050, None)), id="confirmed between two looks"),
    ],
)
def test_nothing_is_lost(facts: Facts) -> None:
    assert loss(facts) is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (replace(FINE, slot=None), "slot is gone"),
        (replace(READING, slot=None), "slot is gone"),
        (replace(FINE, slot=SlotPlace(None, "wal_removed")), r"invalid \(wal_removed\)"),
        (replace(FINE, slot=SlotPlace(1_001, None), runs=False), "made anew"),
        (replace(FINE, log_end=999), "log of the source ends before"),
        (replace(FINE, system_identifier="78"), "another cluster"),
        (replace(FINE, written=3), "older backup"),
        (replace(FINE, written=None, place=None), "forgotten the connector"),
        (replace(FINE, place=None), "forgotten how far"),
    ],
)
def test_a_loss_is_seen(facts: Facts, reason: str) -> None:
    told = loss(facts)
    assert told is not None
    assert re.search(reason, told)
