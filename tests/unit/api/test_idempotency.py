"""A write that is sent again with its key is not done again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from serving import PERSON, Api, Client, an_api

from api.openapi import document
from api.routes import Route
from api.tokens import Scope, TokenFile
from dataflix.settings import Settings

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
RATING = {"user_id": 1, "movie_id": 3, "rating": 4.5}


@pytest.fixture
def api() -> Api:
    return an_api()


@pytest.fixture
async def client(api: Api) -> AsyncIterator[Client]:
    async with api.client() as client:
        assert (await client.post("/users", json=PERSON)).status == 201
        yield client


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users", {"username": "grace", "email": "grace@example.net"}),
        ("PATCH", "/users/1", {"city": "Paris"}),
        ("POST", "/ratings", RATING),
        ("PUT", "/ratings/1/4", {"rating": 2.0}),
        ("POST", "/watched", {"user_id": 1, "movie_id": 3}),
        ("PUT", "/watched/1/4", {}),
    ],
)
async def test_the_same_write_again_has_the_same_answer(
    client: Client, method: str, path: str, body: dict[str, Any]
) -> None:
    first, second = [await client.request(method, path, json=body, headers=KEY) for _ in range(2)]
    assert first.status == second.status < 300
    assert await first.read() == await second.read()
    for name in ("Commit-Token", "Location", "Content-Type"):
        assert first.headers.get(name) == second.headers.get(name)
    assert ("Idempotency-Replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (False, "true")


async def test_what_was_taken_back_once_is_not_missing_the_second_time(client: Client) -> None:
    await client.post("/ratings", json=RATING)
    first, second = [await client.delete("/ratings/1/3", headers=KEY) for _ in range(2)]
    assert (first.status, second.status) == (204, 204)
    assert first.headers["Commit-Token"] == second.headers["Commit-Token"]


async def test_a_write_that_comes_late_does_not_undo_a_later_one(client: Client) -> None:
    await client.post("/ratings", json=RATING, headers=KEY)
    await client.post("/ratings", json=RATING | {"rating": 1.0})
    await client.post("/ratings", json=RATING, headers=KEY)
    listed = await (await client.get("/ratings/1")).json()
    assert [one["rating"] for one in listed["items"]] == [1.0]


@pytest.mark.parametrize(
    ("path", "body"), [("/ratings", RATING | {"rating": 1.0}), ("/watched", {"user_id": 1, "movie_id": 3})]
)
async def test_another_write_with_the_same_key_is_refused(client: Client, path: str, body: dict[str, Any]) -> None:
    await client.post("/ratings", json=RATING, headers=KEY)
    answer = await client.post(path, json=body, headers=KEY)
    assert answer.status == 422
    assert (await answer.json())["type"] == "urn:dataflix:problem:key-reused"


async def test_while_a_write_is_under_way_its_key_is_in_use(client: Client, api: Api) -> None:
    reached, go_on, rate = asyncio.Event(), asyncio.Event(), api.store.rate

    async def slowly(rating: Any) -> Any:
        reached.set()
        await go_on.wait()
        return await rate(rating)

    api.store.rate = slowly  # type: ignore[method-assign]
    first = asyncio.create_task(client.post("/ratings", json=RATING, headers=KEY))
    await reached.wait()
    answer = await client.post("/ratings", json=RATING, headers=KEY)
    go_on.set()
    assert (answer.status, answer.headers["Retry-After"]) == (409, "1")
    assert (await answer.json())["type"] == "urn:dataflix:problem:key-in-use"
    assert (await first).status == 201


async def test_what_wrote_nothing_may_be_sent_again(client: Client) -> None:
    nobody = {"user_id": 2, "movie_id": 3, "rating": 4.5}
    assert (await client.post("/ratings", json=nobody, headers=KEY)).status == 404
    await client.post("/users", json={"username": "grace", "email": "grace@example.net"})
    assert (await client.post("/ratings", json=nobody, headers=KEY)).status == 201


async def test_the_answer_goes_with_the_person_whom_it_tells_of(client: Client, api: Api) -> None:
    await client.post("/ratings", json=RATING, headers=KEY)
    await client.delete("/users/1")
    assert (await client.post("/ratings", json=RATING, headers=KEY)).status == 404


async def test_an_erasure_is_told_again(client: Client) -> None:
    first, second = [await client.delete("/users/1", headers=KEY) for _ in range(2)]
    assert (first.status, second.status) == (202, 202)
    assert await first.json() == await second.json()


@pytest.mark.parametrize("key", ["", '""', "a b", 'a"b', "ä", "x" * 256])
async def test_what_is_no_key_is_refused(client: Client, key: str) -> None:
    answer = await client.post("/ratings", json=RATING, headers={"Idempotency-Key": key})
    assert answer.status == 400
    assert (await answer.json())["type"] == "urn:dataflix:problem:malformed-key"


async def test_quotes_are_not_part_of_the_key(client: Client) -> None:
    bare = {"Idempotency-Key": KEY["Idempotency-Key"].strip('"')}
    await client.post("/ratings", json=RATING, headers=KEY)
    assert "Idempotency-Replayed" in (await client.post("/ratings", json=RATING, headers=bare)).headers


async def test_a_key_is_of_its_caller_alone(settings_of_a_home: Settings) -> None:
    file = TokenFile(settings_of_a_home.home)
    tokens = [file.create(name, Scope.WRITE) for name in ("one", "other")]
    async with an_api(settings=settings_of_a_home).client() as client:
        await client.post("/users", json=PERSON)
        answers = [
            await client.post("/ratings", json=RATING, headers=KEY | {"Authorization": f"Bearer {token}"})
            for token in tokens
        ]
    assert [answer.status for answer in answers] == [201, 200]


async def test_reading_takes_no_key(client: Client) -> None:
    for _ in range(2):
        assert "Idempotency-Replayed" not in (await client.get("/ratings/1", headers=KEY)).headers


def test_the_document_offers_the_key_to_every_write_and_to_nothing_else() -> None:
    from api.app import ROUTES  # noqa: PLC0415 it opens nothing

    paths = document(ROUTES)["paths"]
    offered = {
        (route.method, route.path)
        for route in ROUTES
        if any(one["name"] == "Idempotency-Key" for one in _operation(paths, route).get("parameters", []))
    }
    assert offered == {(route.method, route.path) for route in ROUTES if route.method != "GET"} - {
        ("POST", "/recommendations")
    }


def _operation(paths: dict[str, Any], route: Route[Any, Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = paths[route.path][route.method.lower()]
    return operation


@pytest.fixture
def settings_of_a_home(tmp_path: Any) -> Settings:
    return Settings(home=tmp_path)
