"""Which of two changes of a row is the newer one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflix.versions import MAX_COMMIT_LSN, MAX_EPOCH, MAX_LSN, RowVersion

versions = st.builds(
    RowVersion,
    epoch=st.integers(0, MAX_EPOCH),
    commit_lsn=st.integers(0, MAX_COMMIT_LSN),
    is_change=st.booleans(),
    lsn=st.integers(0, MAX_LSN),
)


def a_change(*, commit: int, lsn: int, epoch: int = 0) -> RowVersion:
    return RowVersion(epoch, commit, is_change=True, lsn=lsn)


def a_snapshot_row(*, commit: int, lsn: int, epoch: int = 0) -> RowVersion:
    return RowVersion(epoch, commit, is_change=False, lsn=lsn)


@given(versions, versions)
def test_packed_versions_compare_as_the_versions_do(one: RowVersion, other: RowVersion) -> None:
    assert (one.packed() < other.packed()) == (one < other)
    assert (one.packed() == other.packed()) == (one == other)


@given(versions)
def test_a_packed_version_fits_128_bits_and_unpacks_to_itself(version: RowVersion) -> None:
    assert 0 <= version.packed() < 1 << 128
    assert RowVersion.unpacked(version.packed()) == version


@pytest.mark.parametrize(
    "version",
    [
        RowVersion(MAX_EPOCH + 1, 0, is_change=True, lsn=0),
        RowVersion(0, MAX_COMMIT_LSN + 1, is_change=True, lsn=0),
        RowVersion(0, 0, is_change=True, lsn=MAX_LSN + 1),
        RowVersion(0, -1, is_change=True, lsn=0),
        RowVersion(0, 0, is_change=True, lsn=-1),
    ],
)
def test_a_part_out_of_its_range_is_refused_rather_than_reordered(version: RowVersion) -> None:
    with pytest.raises(ValueError, match="leaves the range"):
        version.packed()


def test_a_transaction_that_wrote_first_and_committed_last_wins() -> None:
    wrote_first_committed_last = a_change(commit=500, lsn=100)
    committed_before = a_change(commit=300, lsn=200)
    assert wrote_first_committed_last.packed() > committed_before.packed()


def test_the_later_change_of_one_transaction_wins() -> None:
    assert a_change(commit=300, lsn=120).packed() > a_change(commit=300, lsn=110).packed()


def test_an_incremental_snapshot_does_not_overrule_a_transaction_that_was_open_while_it_read() -> None:
    # The snapshot read the row before the open transaction committed, at a position behind the change itself.
    open_transaction = a_change(commit=300, lsn=250)
    read_meanwhile = a_snapshot_row(commit=300, lsn=290)
    assert open_transaction.packed() > read_meanwhile.packed()


def test_a_transaction_that_was_open_when_the_slot_was_created_beats_the_initial_snapshot() -> None:
    initial_snapshot = a_snapshot_row(commit=0, lsn=1_000)
    open_at_the_time = a_change(commit=0, lsn=900)  # the first of the stream: no commit has been seen before it
    assert open_at_the_time.packed() > initial_snapshot.packed()


def test_an_insert_that_waited_for_the_delete_of_its_key_wins() -> None:
    delete = a_change(commit=300, lsn=280)
    insert_after_it_committed = a_change(commit=320, lsn=270)
    assert insert_after_it_committed.packed() > delete.packed()


def test_everything_from_a_recreated_slot_is_newer_than_what_the_old_one_brought() -> None:
    before = a_change(commit=MAX_COMMIT_LSN, lsn=MAX_LSN, epoch=0)
    after = a_snapshot_row(commit=0, lsn=0, epoch=1)
    assert after.packed() > before.packed()
