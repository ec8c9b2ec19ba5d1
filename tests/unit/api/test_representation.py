"""How answers travel: validators, compression, and who may keep them."""

import gzip

import pytest
from serving import PERSON, an_api

from api.app import ROUTES
from api.docs_page import page
from api.openapi import document
from api.representation import accepts_gzip
from dataflix.settings import Settings


@pytest.mark.parametrize("path", ["/movies", "/movies/1", "/users", "/users/1", "/ratings/1", "/openapi.json", "/docs"])
async def test_who_has_the_answer_already_does_not_get_it_again(path: str) -> None:
    async with an_api().client() as client:
        await client.post("/users", json=PERSON)
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        other = await client.get(path, headers={"If-None-Match": '"something-else"'})
    assert (first.status, again.status, other.status) == (200, 304, 200)
    assert await again.read() == b""
    assert again.headers["ETag"] == first.headers["ETag"] == other.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


async def test_what_has_changed_has_another_validator() -> None:
    async with an_api().client() as client:
        await client.post("/users", json=PERSON)
        before = await client.get("/users/1")
        await client.patch("/users/1", json={"city": "Paris"})
        after = await client.get("/users/1", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status == 200
    assert after.headers["ETag"] != before.headers["ETag"]


@pytest.mark.parametrize("path", ["/users", "/users/1", "/ratings/1", "/recommendations/1"])
async def test_nobody_on_the_way_keeps_what_is_somebodys(path: str) -> None:
    async with an_api().client() as client:
        await client.post("/users", json=PERSON)
        assert (await client.get(path)).headers["Cache-Control"] == "no-store"


async def test_a_long_answer_is_compressed_for_who_understands_it_and_a_short_one_is_not() -> None:
    async with an_api().client() as client:
        plain = await client.get("/movies", headers={"Accept-Encoding": "identity"})
        packed = await client.get("/movies", headers={"Accept-Encoding": "br, gzip"}, auto_decompress=False)
        short = await client.get("/movies/1", headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(await packed.read()) == await plain.read()
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in short.headers
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] == plain.headers["ETag"]


@pytest.mark.parametrize(
    ("accepted", "understood"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("gzip;q=0, *", False), ("br", False), ("", False)],
)
def test_the_weight_of_gzip_counts(accepted: str, understood: bool) -> None:
    assert accepts_gzip(accepted) is understood


async def test_the_page_shows_every_operation_and_loads_nothing() -> None:
    rendered = page(document(ROUTES))
    for route in ROUTES:
        assert f"<code>{route.path}</code>" in rendered
    for loading in ("<script", "<link", "<img", "src=", "url(", "@import"):
        assert loading not in rendered
    async with an_api().client() as client:
        served = await client.get("/docs")
    assert served.content_type == "text/html"
    assert served.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_links_of_the_page_lead_somewhere() -> None:
    rendered = page(document(ROUTES))
    targets = {part.split('"')[0] for part in rendered.split('href="#')[1:]}
    assert targets
    assert all(f'id="{target}"' in rendered for target in targets)


ALLOWED, OTHER = "https://films.example.net", "https://elsewhere.example.net"


async def test_pages_of_the_named_origins_may_read_answers_and_others_may_not() -> None:
    async with an_api(settings=Settings(api_cors_origins=f"{ALLOWED}, https://b.example.net")).client() as client:
        question = {"Access-Control-Request-Method": "POST", "Origin": ALLOWED}
        asked = await client.options("/ratings", headers=question)
        refused = await client.options("/ratings", headers=question | {"Origin": OTHER})
        answers = [await client.get("/users/99", headers={"Origin": origin}) for origin in (ALLOWED, OTHER)]
    assert (asked.status, asked.headers["Access-Control-Allow-Origin"]) == (204, ALLOWED)
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert refused.status == 405
    assert [answer.headers.get("Access-Control-Allow-Origin") for answer in answers] == [ALLOWED, None]
    assert [answer.headers["Cross-Origin-Resource-Policy"] for answer in answers] == ["cross-origin", "same-origin"]


async def test_unless_set_no_page_of_another_origin_may() -> None:
    async with an_api().client() as client:
        answer = await client.get("/movies", headers={"Origin": ALLOWED})
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
