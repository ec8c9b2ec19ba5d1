"""Ratings committed on a beat."""

import time
from collections.abc import Sequence

import psycopg

from dataflix.settings import Settings

Pair = tuple[int, int]  # user, movie


def commit(settings: Settings, pairs: Sequence[Pair], rate: float) -> dict[Pair, float]:
    """One transaction a rating, started on the beat of ``rate`` a second whatever the one before took.

    Returns when each was acknowledged, in seconds of `time.perf_counter`.
    """
    committed: dict[Pair, float] = {}
    conninfo = settings.postgres_conninfo("dataflix_api", settings.postgres_api_password)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        start = time.perf_counter()
        for number, pair in enumerate(pairs):
            time.sleep(max(0.0, start + number / rate - time.perf_counter()))
            connection.execute("insert into ratings (user_id, movie_id, rating) values (%s, %s, 4.0)", pair)
            committed[pair] = time.perf_counter()
    return committed
