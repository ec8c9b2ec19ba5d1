"""What the resources take and give."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from serving import PERSON, Client, an_api


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with an_api().client() as client:
        assert (await client.post("/users", json=PERSON)).status == 201
        yield client


async def test_who_signs_up_is_shown_masked_and_found_at_the_location(client: Client) -> None:
    created = await client.post("/users", json=PERSON | {"username": "grace", "email": "grace@example.net"})
    shown = await created.json()
    assert created.status == 201
    assert shown == {
        "user_id": 2,
        "first_name": "A******",
        "last_name": "L*******",
        "city": "London",
        "state": "England",
        "country": "United Kingdom",
    }
    assert await (await client.get(created.headers["Location"])).json() == shown


async def test_only_a_user_name_and_an_address_are_needed(client: Client) -> None:
    answer = await client.post("/users", json={"username": "grace", "email": "grace@example.net"})
    assert answer.status == 201


@pytest.mark.parametrize(("field", "other"), [("username", "email"), ("email", "username")])
async def test_what_somebody_else_has_is_refused_without_repeating_it(client: Client, field: str, other: str) -> None:
    answer = await client.post("/users", json=PERSON | {other: "other@example.net"})
    problem = await answer.json()
    assert answer.status == 409
    assert [error["pointer"] for error in problem["errors"]] == [f"/{field}"]
    del problem["instance"]  # a UUID may spell anything
    assert str(PERSON[field]) not in str(problem)


async def test_no_answer_about_people_holds_a_name_or_an_address(client: Client) -> None:
    for path in ("/users", "/users/1"):
        text = await (await client.get(path)).text()
        for name in ("username", "email", "first_name", "last_name"):
            assert str(PERSON[name]) not in text


async def test_a_first_rating_is_created_and_a_second_one_replaces_it(client: Client) -> None:
    first = await client.post("/ratings", json={"user_id": 1, "movie_id": 3, "rating": 4.5, "liked": True})
    second = await client.post("/ratings", json={"user_id": 1, "movie_id": 3, "rating": 2})
    listed = await (await client.get("/ratings/1")).json()
    assert (first.status, second.status) == (201, 200)
    assert [(row["movie_id"], row["rating"], row["liked"]) for row in listed["items"]] == [(3, 2.0, None)]


async def test_a_movie_is_marked_as_watched_once(client: Client) -> None:
    body = {"user_id": 1, "movie_id": 3, "watched_at": "2026-01-02T03:04:05+02:00"}
    first = await client.post("/watched", json=body)
    again = await client.post("/watched", json={"user_id": 1, "movie_id": 3})
    listed = await (await client.get("/watched/1")).json()
    assert (first.status, again.status) == (201, 200)
    assert [row["movie_id"] for row in listed["items"]] == [3]
    assert (await again.json())["watched_at"] == (await first.json())["watched_at"]


async def test_what_is_named_of_a_person_changes_and_the_rest_stays(client: Client) -> None:
    answer = await client.patch("/users/1", json={"city": "Paris", "state": None})
    changed = await answer.json()
    assert answer.status == 200
    assert (changed["first_name"], changed["city"], changed["state"]) == ("A******", "Paris", None)


async def test_a_name_that_somebody_has_is_refused_to_another(client: Client) -> None:
    await client.post("/users", json={"username": "grace", "email": "grace@example.net"})
    answer = await client.patch("/users/2", json={"username": PERSON["username"]})
    assert answer.status == 409
    assert (await client.patch("/users/1", json={"username": PERSON["username"]})).status == 200


@pytest.mark.parametrize(("kind", "body"), [("ratings", {"rating": 4.5}), ("watched", {})])
async def test_an_opinion_is_put_and_taken_back_under_its_path(client: Client, kind: str, body: dict[str, Any]) -> None:
    path = f"/{kind}/1/3"
    puts = [(await client.put(path, json=body)).status for _ in range(2)]
    deleted = [await client.delete(path) for _ in range(2)]
    assert puts == [201, 200]
    assert [answer.status for answer in deleted] == [204, 404]
    assert await deleted[0].read() == b""
    assert (await (await client.get(f"/{kind}/1")).json())["items"] == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"title": "STALK"}, 20),
        ({"genre": "science fiction"}, 20),
        ({"genre": "Science"}, 0),
        ({"year": 1979, "director": "tarkovsky"}, 20),
        ({"year": 1980}, 0),
    ],
)
async def test_movies_are_listed_by_what_they_are(client: Client, query: dict[str, Any], count: int) -> None:
    listed = await (await client.get("/movies", params=query)).json()
    assert len(listed["items"]) == count


@pytest.mark.parametrize("path", ["/ratings", "/watched"])
@pytest.mark.parametrize(("user", "movie", "kind"), [(99, 1, "unknown-user"), (1, 99, "unknown-movie")])
async def test_what_names_nobody_or_no_movie_is_not_found(
    client: Client, path: str, user: int, movie: int, kind: str
) -> None:
    body = {"user_id": user, "movie_id": movie} | ({"rating": 3.0} if path == "/ratings" else {})
    answer = await client.post(path, json=body)
    assert answer.status == 404
    assert (await answer.json())["type"] == f"urn:dataflix:problem:{kind}"


@pytest.mark.parametrize("path", ["/users/99", "/movies/99", "/ratings/99", "/watched/99", "/recommendations/99"])
async def test_an_unknown_id_is_not_found(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_who_rated_nothing_has_an_empty_list(client: Client) -> None:
    assert await (await client.get("/ratings/1")).json() == {"items": [], "next": None, "fresh": None}


async def test_pages_follow_one_another_to_the_end(client: Client) -> None:
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = await (await client.get("/movies", params={"limit": 8, "after": after})).json()
        seen += [movie["movie_id"] for movie in page["items"]]
        after = page["next"]
    assert seen == list(range(1, 21))


BAD_BODIES: list[tuple[str, dict[str, Any], str]] = [
    ("/ratings", {"user_id": 1, "movie_id": 1, "rating": 4.2}, "/rating"),
    ("/ratings", {"user_id": 1, "movie_id": 1, "rating": 0}, "/rating"),
    ("/ratings", {"user_id": 1, "movie_id": 1, "rating": 5.5}, "/rating"),
    ("/ratings", {"user_id": 1, "movie_id": 1, "rating": "5"}, "/rating"),
    ("/ratings", {"user_id": 1, "movie_id": 1, "rating": True}, "/rating"),
    ("/ratings", {"user_id": 1, "movie_id": 1, "rating": float("nan")}, "/rating"),
    ("/ratings", {"user_id": 1, "movie_id": 1}, "/rating"),
    ("/ratings", {"user_id": 0, "movie_id": 1, "rating": 5}, "/user_id"),
    ("/ratings", {"user_id": 2**63, "movie_id": 1, "rating": 5}, "/user_id"),
    ("/ratings", {"user_id": 1, "movie_id": 1, "rating": 5, "like": True}, "/like"),
    ("/ratings", {"user_id": 1, "movie_id": 1, "rating": 5, "liked": "yes"}, "/liked"),
    ("/watched", {"user_id": 1, "movie_id": 1, "watched_at": "2026-01-02T03:04:05"}, "/watched_at"),
    ("/watched", {"user_id": 1, "movie_id": 1, "watched_at": "3026-01-02T03:04:05Z"}, "/watched_at"),
    ("/watched", {"user_id": 1, "movie_id": 1, "watched_at": "0001-01-02T03:04:05Z"}, "/watched_at"),
    ("/users", PERSON | {"email": "nobody"}, "/email"),
    ("/users", PERSON | {"email": "a b@example.net"}, "/email"),
    ("/users", PERSON | {"username": ""}, "/username"),
    ("/users", PERSON | {"username": "a\u0000b"}, "/username"),
    ("/users", PERSON | {"username": "a" * 201}, "/username"),
    ("/users", PERSON | {"age": -1}, "/age"),
    ("/users", PERSON | {"age": 36.5}, "/age"),
]


@pytest.mark.parametrize(("path", "body", "pointer"), BAD_BODIES)
async def test_a_bad_field_is_named_and_its_value_is_not_repeated(
    client: Client, path: str, body: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(path, json=body)
    problem = await answer.json()
    assert answer.status == 422
    assert answer.content_type == "application/problem+json"
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert "input" not in problem["errors"][0]


@pytest.mark.parametrize(
    "path",
    [
        "/movies?year=20x",
        "/movies?genre=",
        "/users?limit=0",
        "/users?limit=501",
        "/users?limit=x",
        "/users?page=2",
        "/movies?after=-1",
        "/users/x",
    ],
)
async def test_a_bad_parameter_is_refused(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert answer.status == 422
    assert (await answer.json())["errors"][0]["parameter"] in {"year", "genre", "limit", "after", "page", "user_id"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, ""), ({"username": None}, "/username"), ({"email": "x"}, "/email"), ({"user_id": 7}, "/user_id")],
)
async def test_a_change_that_cannot_be_made_is_refused(client: Client, body: dict[str, Any], pointer: str) -> None:
    answer = await client.patch("/users/1", json=body)
    assert answer.status == 422
    assert [error["pointer"] for error in (await answer.json())["errors"]] == [pointer]


async def test_head_answers_like_get_without_a_body(client: Client) -> None:
    head, get = await client.head("/movies/1"), await client.get("/movies/1")
    assert (head.status, head.headers["Content-Length"]) == (get.status, get.headers["Content-Length"])
    assert await head.read() == b""


async def test_who_is_erased_is_gone_at_once_and_where_to_ask_for_the_rest_is_told(client: Client) -> None:
    await client.put("/ratings/1/3", json={"rating": 4.5})
    erased = await client.delete("/users/1")
    told = await erased.json()
    assert (erased.status, told["state"]) == (202, "deleted")
    assert await (await client.get(erased.headers["Location"])).json() == told
    assert [(await client.get(path)).status for path in ("/users/1", "/ratings/1")] == [404, 404]
    assert (await client.delete("/users/1")).status == 202
    assert [(await client.delete("/users/2")).status, (await client.get("/erasures/2")).status] == [404, 404]
