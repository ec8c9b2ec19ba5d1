"""From the POST of a rating to a recommendation list that has changed."""

import asyncio
import time
from typing import Any

import aiohttp

from bench.people import crowd
from bench.percentiles import milliseconds
from dataflix.errors import DataflixError
from dataflix.settings import Settings

PATIENCE = 30.0  # seconds


async def recommendation_freshness(settings: Settings, rate: float, seconds: float) -> dict[str, Any]:
    """Post ``rate`` ratings a second for ``seconds``, each by a person of its own, and ask until the list changes.

    The clock starts before the POST is sent, so the commit and the HTTP round trips are in the figure. Raises
    DataflixError when a list did not change within 30 s.
    """
    count = round(rate * seconds)
    with crowd(settings, people=count) as people:
        async with aiohttp.ClientSession(settings.api.url, connector=aiohttp.TCPConnector(limit=0)) as session:
            start = time.perf_counter() + 0.1
            runs = [_one(session, user, start + number / rate) for number, user in enumerate(people.users)]
            latencies = await asyncio.gather(*runs)
    return {"rate": rate, "count": count, "ms": milliseconds(latencies)}


async def _one(session: aiohttp.ClientSession, user: int, at: float) -> float:
    before = await _recommended(session, user)
    await asyncio.sleep(max(0.0, at - time.perf_counter()))
    sent = time.perf_counter()
    rating = {"user_id": user, "movie_id": before[0], "rating": 4.0}
    async with session.post("/ratings", json=rating) as answer:
        answer.raise_for_status()
    while await _recommended(session, user) == before:
        if time.perf_counter() - sent > PATIENCE:
            raise DataflixError(f"A list did not change within {PATIENCE:.0f} s: see `bin/dataflix status`.")
        await asyncio.sleep(0.002)
    return time.perf_counter() - sent


async def _recommended(session: aiohttp.ClientSession, user: int) -> list[int]:
    async with session.get(f"/recommendations/{user}") as answer:
        answer.raise_for_status()
        return [entry["movie_id"] for entry in (await answer.json())["recommendations"]]
