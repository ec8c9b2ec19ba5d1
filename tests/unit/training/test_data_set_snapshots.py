"""A snapshot is named by its content, and tells what changed."""

from interactions import a_block

from training.snapshots import Snapshot

CELLS = [(1, 1, 3.5), (1, 2, 2.0), (2, 1, 1.0)]


def test_the_same_interactions_have_the_same_id_in_any_order_and_any_blocks() -> None:
    whole = Snapshot.of([a_block(CELLS)])
    parts = Snapshot.of([a_block(CELLS[2:]), a_block(CELLS[1::-1])])

    assert whole.id == parts.id
    assert whole.table.equals(parts.table)


def test_another_score_is_another_snapshot() -> None:
    assert Snapshot.of([a_block(CELLS)]).id != Snapshot.of([a_block([*CELLS[:2], (2, 1, 1.5)])]).id


def test_nothing_at_all_is_a_snapshot_too() -> None:
    assert Snapshot.of([]).interactions == 0


def test_changes_are_new_interactions_and_new_scores() -> None:
    before = Snapshot.of([a_block(CELLS)])
    after = Snapshot.of([a_block([*CELLS[:2], (2, 1, 4.0), (3, 1, 1.0)])])

    assert after.changes_since(before) == 2
    assert after.changes_since(after) == 0
    assert after.changes_since(None) == 4


def test_the_columns_come_back_as_they_were_put_in() -> None:
    block = Snapshot.of([a_block(CELLS)]).block()

    assert [column.tolist() for column in block] == [column.tolist() for column in a_block(CELLS)]
