"""Ages of letters, as they are typed and as they are shown."""

from datetime import timedelta

import pytest

from stream_processors.ages import read_age, show_age


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7_200), ("7d", 604_800)])
def test_an_age_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert read_age(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2 h", "2w", "soon", "999999999999d"])
def test_anything_else_is_no_age(text: str) -> None:
    assert read_age(text) is None


@pytest.mark.parametrize(
    ("seconds", "told"), [(-5, "0s"), (0, "0s"), (59, "59s"), (125, "2m 5s"), (7_205, "2h 5s"), (273_700, "3d 4h")]
)
def test_an_age_is_told_in_its_two_largest_units(seconds: int, told: str) -> None:
    assert show_age(timedelta(seconds=seconds)) == told
