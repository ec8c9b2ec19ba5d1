"""Every error is a problem document that repeats nothing of what was sent and nothing of what the code said."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientResponse
from serving import Api, Client, an_api
from structlog.testing import capture_logs

from api.access_log import AccessLog
from api.memory_store import MemoryStore
from api.progress import Progress
from api.request_marks import WithoutText
from api.resources.forms import PageQuery
from api.resources.movies import Movie
from dataflix.errors import SourceUnavailable

SECRET = "ada@example.net"


class BrokenStore(MemoryStore):
    """A store that fails in the way that it is told to."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def movies(self, _page: PageQuery) -> list[Movie]:
        raise self._error


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with an_api().client() as client:
        yield client


async def problem(answer: ClientResponse) -> dict[str, object]:
    assert answer.content_type == "application/problem+json"
    document: dict[str, object] = await answer.json(content_type="application/problem+json")
    assert document["status"] == answer.status
    assert document["instance"] == f"urn:uuid:{answer.headers['X-Request-Id']}"
    assert {"type", "title", "detail"} <= set(document)
    return document


async def test_a_path_that_is_not_there(client: Client) -> None:
    assert (await problem(await client.get("/nowhere")))["status"] == 404


async def test_a_request_of_no_path_is_answered_like_every_other(client: Client) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"OPTIONS * HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"application/problem+json" in answer
    assert b"Server: dataflix\r\n" in answer


async def test_a_method_that_is_not_there_names_those_that_are(client: Client) -> None:
    answer = await client.delete("/users")
    assert (await problem(answer))["status"] == 405
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"username": "\\ud800"}'])
async def test_a_body_that_is_no_json(client: Client, body: bytes) -> None:
    answer = await client.post("/users", data=body, headers={"Content-Type": "application/json"})
    assert (await problem(answer))["status"] == 400


async def test_a_body_that_is_json_and_no_object(client: Client) -> None:
    assert (await problem(await client.post("/users", json=[1, 2])))["status"] == 422


async def test_a_form_is_refused_because_other_sites_could_send_it(client: Client) -> None:
    assert (await problem(await client.post("/users", data={"username": "ada"})))["status"] == 415


async def test_a_body_that_is_too_large(client: Client) -> None:
    answer = await client.post("/users", json={"username": "a" * 100_000})
    assert (await problem(answer))["status"] == 413


async def test_the_place_of_a_bad_field_is_a_json_pointer(client: Client) -> None:
    answer = await client.post("/users", json={"username": "ada", "email": SECRET, "a/b~c": 1})
    document = await problem(answer)
    assert document["errors"] == [{"pointer": "/a~1b~0c", "detail": "Extra inputs are not permitted"}]
    assert SECRET not in await answer.text()


async def test_a_database_that_is_away_asks_to_come_again() -> None:
    api = Api(BrokenStore(SourceUnavailable(f"host {SECRET} is away")))
    async with api.client() as client:
        answer = await client.get("/movies")
        assert (await problem(answer))["status"] == 503
        assert int(answer.headers["Retry-After"]) >= 1
        assert SECRET not in await answer.text()


async def test_what_nobody_foresaw_shows_its_place_in_the_log_and_its_text_nowhere() -> None:
    api = Api(BrokenStore(LookupError(f"no row for {SECRET}")))
    with capture_logs() as lines:
        async with api.client() as client:
            answer = await client.get("/movies")
            assert (await problem(answer))["status"] == 500
            text = await answer.text()
    [failure] = [line for line in lines if line["event"] == "request_failed"]
    assert failure["error"] == "LookupError"
    assert "test_problem_documents.py" in failure["at"][-1]
    assert "LookupError" not in text
    assert SECRET not in str(lines) + text


async def test_the_access_log_names_the_route_and_nobody(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO, "api")
    async with an_api().client() as client:
        answers = [await client.get("/ratings/4711?limit=3"), await client.get(f"/{SECRET}")]
    AccessLog.flush()
    requests = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [(line["route"], line["status"]) for line in requests] == [("/ratings/{user_id}", 404), ("unknown", 404)]
    assert [line["request_id"] for line in requests] == [answer.headers["X-Request-Id"] for answer in answers]
    said = {"method", "route", "status", "milliseconds", "bytes", "request_id"}
    every_line = {"program", "event", "level", "logger", "timestamp"}
    assert all(set(line) == said | every_line for line in requests)


async def test_the_access_log_is_as_quiet_as_the_settings_want_it(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.WARNING, "api")
    async with an_api().client() as client:
        await client.get("/ratings/4711")
    AccessLog.flush()
    assert capsys.readouterr().err == ""


async def test_what_is_no_http_is_refused_and_its_text_is_not_logged(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    server_log = logging.getLogger("aiohttp.server")
    server_log.addFilter(hide := WithoutText())
    try:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(f"POST /users HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n".encode())
        first = await reader.readline()
        writer.close()
    finally:
        server_log.removeFilter(hide)
    assert first.split()[1] == b"400"
    assert "Error handling request" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("path", ["/health", "/nowhere"])
async def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "aiohttp" not in headers["Server"]


async def test_not_ready_before_the_stream_was_read_to_its_end() -> None:
    api = an_api()
    api.progress.caught_up = False
    async with api.client() as client:
        answer = await client.get("/ready")
        assert (await problem(answer))["status"] == 503
        api.progress.caught_up = True
        assert (await client.get("/ready")).status == 200


@pytest.mark.parametrize(
    "path",
    ["/recommendations/7", "/recommendations/999", "/popular", "/movies/1/similar"],
)
async def test_nobody_is_told_a_list_before_what_was_rated_before_is_read(path: str) -> None:
    api = an_api()
    api.progress = Progress(frozenset({"masked.ratings"}), lambda: 0.0)
    async with api.client() as client:
        api.progress.began(("masked.ratings", 0), 1_200)
        answer = await client.get(path)
        document = await problem(answer)
        assert (document["status"], document["type"]) == (503, "urn:dataflix:problem:catching-up")
        assert "1,200 events" in str(document["detail"])
        assert int(answer.headers["Retry-After"]) >= 1
        assert (await client.get("/movies/1")).status == 200
        api.progress.reached(("masked.ratings", 0), 1_200)
        assert (await client.get(path)).status in {200, 404}
