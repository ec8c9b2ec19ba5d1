"""Rows in records say what rows as objects say, whatever is written, moved and deleted."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from api.changes import Opinion
from api.measure_history import made_up_ratings, measure_history
from api.opinion_rows import OpinionRows
from api.replica import NewestRows
from dataflix.recommender import interaction_score

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
    count, rows = 20_000, OpinionRows(rated=True)
    given = [(one.rating_id, one.version, one.rating, one.txid) for one in made_up_ratings(count)]
    tracemalloc.start()
    try:
        for one in given:
            rows.put(*one)
        rows.settle()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    movies = len({row.movie_id for _, _, row, _ in given if row})
    assert len(rows) == count
    assert taken < 64 * count + 128 * movies


def test_what_is_measured_is_told_in_numbers() -> None:
    measured = measure_history(1_000)
    assert measured["rows"] == 1_000
    assert measured["us_per_row"] > 0
