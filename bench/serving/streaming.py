"""Changes that stream in while lists are asked for."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice

import psycopg

from bench.people import Crowd
from dataflix.settings import Settings

BEATS = 20  # transactions a second
_CHANGE = """
    insert into ratings (user_id, movie_id, rating) select * from unnest(%s::bigint[], %s::bigint[], %s::numeric[])
    on conflict (user_id, movie_id) do update set rating = excluded.rating, rated_at = now()
"""


@dataclass(slots=True)
class Streamed:
    """What was committed."""

    changes: int = 0
    seconds: float = 0.0


@contextmanager
def streaming(settings: Settings, people: Crowd, rate: float) -> Iterator[Streamed]:
    """While inside, ``rate`` ratings a second are committed straight into PostgreSQL, everybody's in turn.

    They come over a connection of their own: what the API does to write is not part of what is measured.
    """
    stop, streamed = threading.Event(), Streamed()

    def stream() -> None:
        pairs, stars = cycle(people.pairs()), cycle((2.0, 3.5, 5.0, 4.0, 1.0, 4.5, 3.0))
        conninfo = settings.postgres_conninfo("dataflix_api", settings.postgres_api_password)
        began = time.perf_counter()
        with psycopg.connect(conninfo, autocommit=True) as connection:
            while not stop.is_set():
                due = round((time.perf_counter() - began) * rate) - streamed.changes
                if due > 0:
                    count = min(due, len(people.users) * len(people.movies))
                    users, movies = zip(*islice(pairs, count), strict=True)
                    connection.execute(_CHANGE, [list(users), list(movies), list(islice(stars, count))])
                    streamed.changes += count
                stop.wait(1 / BEATS)
        streamed.seconds = time.perf_counter() - began

    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(stream)
        try:
            yield streamed
        finally:
            stop.set()
        work.result()
