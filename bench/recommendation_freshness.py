"""From the POST of a rating to a recommendation list that has changed."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import orjson

from bench.connections import Connection, connected
from bench.people import MOVIES, crowd
from bench.percentiles import milliseconds
from dataflix.errors import DataflixError
from dataflix.settings import Settings

PATIENCE = 30.0  # seconds
AT_ONCE = 50  # lists that are asked for at once before it begins
TURN = 2.0  # seconds, at least, between two ratings of one person
RATED_EACH = MOVIES // 2
COMMIT_TOKEN = b"commit-token"


async def recommendation_freshness(settings: Settings, rate: float, seconds: float) -> dict[str, Any]:
    """Post ``rate`` ratings a second for ``seconds`` and ask for each person's list until it has changed.

    The clock starts before the POST is sent, so the commit and the HTTP round trips are in the figure. The lists are
    asked for as any client may, with the token of the commit. Raises DataflixError when a list did not change within
    30 s, or the API refused or broke off.
    """
    count = round(rate * seconds)
    people = min(count, max(round(rate * TURN), -(-count // RATED_EACH)))
    with crowd(settings, people) as made_up:
        try:
            latencies = await _measure(settings, made_up.users, rate, count)
        except (OSError, EOFError) as error:
            raise DataflixError(
                f"The API does not answer ({type(error).__name__}): see `bin/dataflix status` and "
                "`bin/dataflix logs api`."
            ) from None
    return {"rate": rate, "count": count, "ms": milliseconds(latencies)}


async def _measure(settings: Settings, users: Sequence[int], rate: float, count: int) -> list[float]:
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(connected(settings.api)) for _ in users]
        lists = await _known(connections, users)
        start, people = time.perf_counter() + 0.1, len(users)
        moments = [[start + number / rate for number in range(place, count, people)] for place in range(people)]
        each = await asyncio.gather(*map(_one, connections, users, lists, moments))
    return [latency for some in each for latency in some]


async def _known(connections: Sequence[Connection], users: Sequence[int]) -> list[list[int]]:
    """Everybody's list, once the stream has brought them."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def shown(connection: Connection, user: int) -> list[int]:
        async with gate:
            return await _recommended(connection, user)

    return await asyncio.gather(*map(shown, connections, users))


async def _one(connection: Connection, user: int, shown: list[int], moments: Sequence[float]) -> list[float]:
    """The latencies of one person's ratings, each of the first movie that is listed."""
    latencies = []
    for at in moments:
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        sent = time.perf_counter()
        rated = await connection.ask("POST", "/ratings", {"user_id": user, "movie_id": shown[0], "rating": 4.0})
        token, before = rated.headers[COMMIT_TOKEN].decode(), shown
        while (shown := await _recommended(connection, user, f"?after={token}")) == before:
            if time.perf_counter() - sent > PATIENCE:
                raise DataflixError(f"A list did not change within {PATIENCE:.0f} s: see `bin/dataflix status`.")
        latencies.append(time.perf_counter() - sent)
    return latencies


async def _recommended(connection: Connection, user: int, query: str = "") -> list[int]:
    answer = await connection.ask("GET", f"/recommendations/{user}{query}")
    return [entry["movie_id"] for entry in orjson.loads(answer.body)["recommendations"]]
