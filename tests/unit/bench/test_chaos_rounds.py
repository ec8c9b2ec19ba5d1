"""Which service is killed next."""

import itertools
import random

from bench.chaos.run import in_rounds

SERVICES = ["postgres", "kafka", "clickhouse"]


def test_every_service_is_killed_once_before_any_is_killed_again() -> None:
    killed = list(itertools.islice(in_rounds(random.Random(1), SERVICES), 9))
    assert [sorted(killed[start : start + 3]) for start in (0, 3, 6)] == [sorted(SERVICES)] * 3


def test_the_same_seed_kills_in_the_same_order() -> None:
    first, second = (list(itertools.islice(in_rounds(random.Random(7), SERVICES), 12)) for _ in range(2))
    assert first == second
