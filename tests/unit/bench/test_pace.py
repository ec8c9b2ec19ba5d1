"""Events a second, counted from the first that were seen."""

from bench.throughput.pace import Pace


def test_what_was_there_at_the_first_sight_is_not_counted() -> None:
    pace = Pace()
    for events, at in ((0, 1.0), (500, 4.0), (900, 4.5), (2_500, 6.0)):
        pace.saw(events, at)
    assert pace.per_second == 1_000


def test_waiting_after_the_last_event_is_not_counted() -> None:
    pace = Pace()
    for events, at in ((100, 1.0), (300, 2.0), (300, 9.0)):
        pace.saw(events, at)
    assert pace.per_second == 200


def test_one_sight_makes_no_pace() -> None:
    pace = Pace()
    assert pace.per_second is None
    pace.saw(100, 1.0)
    assert pace.per_second is None
