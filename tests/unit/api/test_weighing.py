"""What masked events come to in memory is told in numbers."""

import pytest

from api.weighing import weigh
from dataflix.contracts import load_contracts
from dataflix.errors import MalformedEvent
from dataflix.settings import PROJECT

RATINGS = load_contracts(PROJECT / "contracts").table("ratings")


def an_event(rating_id: int) -> bytes:
    return (
        b'{"rating_id":%d,"user_id":1,"movie_id":9,"rating":"4.5","liked":null,'
        b'"rated_at":"2026-01-05T20:15:00.000000Z","_version":"7","_deleted":0,"_txid":null,'
        b'"_committed_at":"2026-01-05T20:15:00.004217Z"}\n' % rating_id
    )


def test_each_row_is_counted_once() -> None:
    told = weigh(RATINGS, [an_event(1), an_event(2), an_event(2)])
    assert told["rows"] == 2
    assert told["us_per_row"] > 0


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(MalformedEvent, match=r"masked\.ratings"):
        weigh(RATINGS, [b"{}"])
