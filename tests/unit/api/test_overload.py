"""More than the API can do: it says so at once, and what it has begun it finishes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from serving import Api, Client, a_movie, a_rating, an_api

from api.commit_tokens import CommitToken
from api.memory_store import MemoryStore
from api.resources.movies import Movie
from dataflix.settings import Settings


@dataclass
class SlowStore(MemoryStore):
    """Answers about a movie when it is let to."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        super().__init__([a_movie(1)])

    async def movie(self, movie_id: int) -> Movie | None:
        self.asked.set()
        await self.answer.wait()
        return await super().movie(movie_id)


@asynccontextmanager
async def serving(store: SlowStore, **settings: float) -> AsyncIterator[Client]:
    async with Api(store, settings=Settings.model_validate(settings)).client() as client:
        yield client


async def test_one_request_too_many_is_refused_at_once_and_health_is_told() -> None:
    store = SlowStore()
    async with serving(store, api_concurrent_requests=1) as client:
        slow = asyncio.create_task(client.get("/movies/1"))
        await asyncio.wait_for(store.asked.wait(), 60)
        refused, health = await client.get("/movies"), await client.get("/health")
        store.answer.set()
        assert (await slow).status == 200
        assert (await client.get("/movies")).status == 200
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert health.status == 200


async def test_an_answer_that_takes_too_long_is_given_up() -> None:
    async with serving(SlowStore(), api_request_seconds=0.05) as client:
        given_up = await client.get("/movies/1")
        assert given_up.status == 503
        assert given_up.headers["Retry-After"]
        assert (await client.get("/movies")).status == 200


async def test_many_at_once_are_all_answered() -> None:
    async with an_api().client() as client:
        answers = await asyncio.gather(*(client.get("/movies") for _ in range(100)))
    assert {answer.status for answer in answers} == {200}


async def test_who_waits_for_a_commit_takes_nobody_elses_place() -> None:
    api = an_api(settings=Settings(api_concurrent_requests=1))
    api.patience = 30.0
    path = "/recommendations/1"
    async with api.client() as client:
        assert api.arrivals is not None
        token = str(CommitToken("ratings", 1, txid=5, position=5))
        waiting = asyncio.create_task(client.get(path, params={"after": token}))
        while not api.arrivals.waiting:
            assert (await client.get("/movies")).status == 200
        assert (await client.get("/movies")).status == 200
        api.stream(replace(a_rating(1, user=1), txid=5))
        assert (await (await waiting).json())["fresh"] is True
        assert (await client.get("/movies")).status == 200
