"""Rows in records say what rows as objects say, whatever is written, moved and deleted."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from api.changes import Opinion
from api.opinion_rows import OpinionRows
from api.replica import NewestRows
from dataflix.recommender import interaction_score
from dataflix.versions import pack_version

LARGEST = 2**63 - 1
KEYS = [-LARGEST - 1, -1, 0, 1, 2, 255, 256, 257, 2**40, LARGEST]  # on pages of their own and beside one another
PEOPLE = [1, 2, LARGEST]
MOVIES = [0, 1, 2, 2**40]

_opinions = st.builds(
    lambda user, movie, halves, liked, at: Opinion(
        user, movie, True, interaction_score(halves / 2, liked), at, halves / 2
    ),
    st.sampled_from(PEOPLE),
    st.sampled_from(MOVIES),
    st.integers(0, 10),
    st.booleans(),
    st.sampled_from([-1, 0, 1_700_000_000_123_456, LARGEST]),
)
_writes = st.tuples(
    st.sampled_from(KEYS),
    st.sampled_from([0, 1, 7, 2**64, 2**128 - 1]),
    st.none() | _opinions,
    st.none() | st.sampled_from([0, 1, LARGEST]),
)


@given(st.lists(_writes, max_size=40))
def test_records_say_what_objects_say(writes: list[tuple[int, int, Opinion | None, int | None]]) -> None:
    records, objects = OpinionRows(rated=True), NewestRows[Opinion]()
    for key, version, row, txid in writes:
        assert records.is_news(key, version) == objects.is_news(key, version)
        if objects.is_news(key, version):
            assert records.put(key, version, row, txid) == objects.put(key, version, row, txid)
        assert len(records) == len(objects)
    held = [objects.get(key) for key in KEYS]
    assert [records.get(key) for key in KEYS] == held
    assert [records.written(key) for key in KEYS] == [objects.written(key) for key in KEYS]
    assert [key in records for key in KEYS] == [key in objects for key in KEYS]
    for user in PEOPLE:
        of_user = [row for row in held if row is not None and row.user_id == user]
        assert sorted(records.of(user), key=repr) == sorted(of_user, key=repr)
        for movie in MOVIES:
            assert records.has(user, movie) == any(row.movie_id == movie for row in of_user)


def test_a_row_takes_hardly_more_than_its_record() -> None:
    count, movies, rows = 20_000, 1_000, OpinionRows(rated=True)
    given = [(key, Opinion(key % 140, key * key % movies, True, 4.0, key, 4.0)) for key in range(1, count + 1)]
    tracemalloc.start()
    try:
        for key, row in given:
            rows.put(key, pack_version(0, key, True, key), row, key)
        rows.settle()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(rows) == count
    assert taken < 64 * count + 128 * movies
