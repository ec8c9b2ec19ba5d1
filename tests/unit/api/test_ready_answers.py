"""Lists that are at hand: sent in one piece, and no caller can tell."""

import asyncio
import json
import logging
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import hdrs
from serving import Api, Client, a_champion, a_rating, an_api

from api.access_log import AccessLog
from api.ready_answer import ReadyAnswer
from dataflix.settings import Settings

LIST = "/recommendations/7"
ORIGIN = "https://a.example.net"
REQUEST = b"GET /recommendations/7 HTTP/1.1\r\nHost: api\r\n\r\n"


def with_a_list(movies: int, settings: Settings | None = None) -> Api:
    api = an_api(movies, settings=settings)
    api.champion = a_champion(movies=movies)
    api.stream(a_rating(1, user=7, movie=1))
    return api


@pytest.fixture
def in_one_piece(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers of the requests that were answered so."""
    numbers: list[str] = []

    class Noted(ReadyAnswer):
        def __init__(self, body: bytes, request_id: str) -> None:
            super().__init__(body, request_id)
            numbers.append(request_id)

    monkeypatch.setattr("api.front.ReadyAnswer", Noted)
    return numbers


async def ask(client: Client, **headers: str) -> tuple[bytes, dict[str, str]]:
    async with client.get(LIST, headers=headers, skip_auto_headers=[hdrs.ACCEPT_ENCODING]) as answer:
        assert answer.status == 200
        return await answer.read(), {name.title(): value for name, value in answer.headers.items()}


@pytest.mark.parametrize("movies", [3, 20])
async def test_in_one_piece_an_answer_is_what_it_is_otherwise(movies: int, in_one_piece: list[str]) -> None:
    async with with_a_list(movies).client() as client:
        body, headers = await ask(client)
        assert in_one_piece == [headers["X-Request-Id"]]
        same, otherwise = await ask(client, Connection="close")
    assert len(in_one_piece) == 1
    assert body == same
    of_each = ("X-Request-Id", "Date", "Connection")
    assert headers.keys() | {"Connection"} == otherwise.keys()
    assert all(otherwise[name] == value for name, value in headers.items() if name not in of_each)
    seconds = parsedate_to_datetime(otherwise["Date"]) - parsedate_to_datetime(headers["Date"])
    assert 0 <= seconds.total_seconds() < 60


@pytest.mark.parametrize(
    "headers", [{"Connection": "close"}, {"Accept-Encoding": "gzip"}], ids=lambda headers: next(iter(headers))
)
async def test_who_wants_something_else_of_an_answer_gets_it(headers: dict[str, str], in_one_piece: list[str]) -> None:
    async with with_a_list(movies=20).client() as client:
        body, answered = await ask(client, **headers)
    assert json.loads(body)["user_id"] == 7
    assert in_one_piece == []
    assert answered.items() >= {name.replace("Accept", "Content"): value for name, value in headers.items()}.items()


async def test_answers_that_pages_of_other_origins_may_read_say_so(in_one_piece: list[str]) -> None:
    async with with_a_list(movies=20, settings=Settings(api_cors_origins=ORIGIN)).client() as client:
        _, headers = await ask(client, Origin=ORIGIN)
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert in_one_piece == []


async def test_an_old_client_is_told_the_end_of_its_answer(in_one_piece: list[str]) -> None:
    async with with_a_list(movies=20).client() as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(REQUEST.replace(b"1.1", b"1.0"))
        told = await asyncio.wait_for(reader.read(), 60)
        writer.close()
    assert told.startswith(b"HTTP/1.0 200 OK\r\n")
    assert in_one_piece == []


async def test_requests_that_do_not_wait_are_answered_in_their_order(in_one_piece: list[str]) -> None:
    async with with_a_list(movies=20).client() as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(3 * REQUEST)
        for _ in range(3):
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode()
            fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
            assert json.loads(await reader.readexactly(int(fields["Content-Length"])))["user_id"] == 7
            assert fields["X-Request-Id"] == in_one_piece.pop(0)
        writer.close()


async def test_an_answer_in_one_piece_is_counted_and_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], in_one_piece: list[str]
) -> None:
    caplog.set_level(logging.INFO, "api")
    async with with_a_list(movies=20).client() as client:
        body, _ = await ask(client)
        metrics = (await (await client.get("/metrics")).text()).splitlines()
    AccessLog.flush()
    line = json.loads(capsys.readouterr().err.splitlines()[0])
    route = '{method="GET",route="/recommendations/{user_id}",status="200"}'
    assert f"dataflix_api_requests_total{route} 1.0" in metrics
    assert [line["request_id"]] == in_one_piece
    assert line["status"] == 200
    assert line["bytes"] > len(body)
