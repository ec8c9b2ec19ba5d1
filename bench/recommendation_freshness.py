"""From the POST of a rating to a recommendation list that has changed."""

import asyncio
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import aiohttp

from bench.people import MOVIES, crowd
from bench.percentiles import milliseconds
from dataflix.errors import DataflixError
from dataflix.settings import Settings

PATIENCE = 30.0  # seconds
AT_ONCE = 50  # lists that are asked for at once before it begins
TURN = 2.0  # seconds, at least, between two ratings of one person
RATED_EACH = MOVIES // 2
COMMIT_TOKEN = "Commit-Token"  # noqa: S105 the name of a header


async def recommendation_freshness(settings: Settings, rate: float, seconds: float) -> dict[str, Any]:
    """Post ``rate`` ratings a second for ``seconds`` and ask for each person's list until it has changed.

    The clock starts before the POST is sent, so the commit and the HTTP round trips are in the figure. The lists are
    asked for as any client may, with the token of the commit. Raises DataflixError when a list did not change within
    30 s.
    """
    count = round(rate * seconds)
    people = min(count, max(round(rate * TURN), -(-count // RATED_EACH)))
    with crowd(settings, people) as made_up:
        try:
            latencies = await _measure(settings, made_up.users, rate, count)
        except aiohttp.ClientError as error:
            raise DataflixError(
                f"The API does not answer, or not with what was asked ({type(error).__name__}): see "
                "`bin/dataflix status` and `bin/dataflix logs api`."
            ) from None
    return {"rate": rate, "count": count, "ms": milliseconds(latencies)}


async def _measure(settings: Settings, users: Sequence[int], rate: float, count: int) -> list[float]:
    async with aiohttp.ClientSession(settings.api.url, connector=aiohttp.TCPConnector(limit=0)) as session:
        lists = await _known(session, users)
        start, people = time.perf_counter() + 0.1, len(users)
        moments = [[start + number / rate for number in range(place, count, people)] for place in range(people)]
        each = await asyncio.gather(*map(_one, [session] * people, users, lists, moments))
    return [latency for some in each for latency in some]


async def _known(session: aiohttp.ClientSession, users: Sequence[int]) -> list[list[int]]:
    """Everybody's list, once the stream has brought them."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def shown(user: int) -> list[int]:
        async with gate:
            return await _recommended(session, user)

    return await asyncio.gather(*map(shown, users))


async def _one(session: aiohttp.ClientSession, user: int, shown: list[int], moments: Sequence[float]) -> list[float]:
    """The latencies of one person's ratings, each of the first movie that is listed."""
    latencies = []
    for at in moments:
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        sent = time.perf_counter()
        token = await _rated(session, {"user_id": user, "movie_id": shown[0], "rating": 4.0})
        before = shown
        while (shown := await _recommended(session, user, after=token)) == before:
            if time.perf_counter() - sent > PATIENCE:
                raise DataflixError(f"A list did not change within {PATIENCE:.0f} s: see `bin/dataflix status`.")
        latencies.append(time.perf_counter() - sent)
    return latencies


async def _rated(session: aiohttp.ClientSession, rating: dict[str, float]) -> str:
    """The token of the commit."""
    token, _ = await _asked(session, "POST", "/ratings", json=rating)
    return token


async def _recommended(session: aiohttp.ClientSession, user: int, **query: str) -> list[int]:
    _, answer = await _asked(session, "GET", f"/recommendations/{user}", params=query)
    return [entry["movie_id"] for entry in answer["recommendations"]]


async def _asked(session: aiohttp.ClientSession, method: str, path: str, **rest: Any) -> tuple[str, Any]:
    """Commit token and body. What is refused because there is too much is sent again, and the clock goes on."""
    while True:
        async with session.request(method, path, **rest) as answer:
            if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                answer.raise_for_status()
                return answer.headers.get(COMMIT_TOKEN, ""), await answer.json()
            pause = float(answer.headers["Retry-After"])
        await asyncio.sleep(pause)
