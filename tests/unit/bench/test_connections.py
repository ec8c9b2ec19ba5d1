"""The connection that benchmarks send their load over."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.connections import connected
from dataflix.errors import DataflixError
from dataflix.settings import Address


async def test_answers_are_read_one_after_another_over_one_connection() -> None:
    """Also one without a body; what is refused because there is too much is sent again."""
    seen: list[tuple[object, str]] = []

    async def echo(request: web.Request) -> web.Response:
        seen.append((request.transport, await request.text()))
        match len(seen):
            case 1:
                return web.Response(status=503, headers={"Retry-After": "0"}, text="too much")
            case 2:
                return web.json_response({"said": "twice"}, headers={"Commit-Token": "abc"})
            case 3:
                return web.Response(status=204)
        return web.Response(status=404, text="x" * 100_000)

    app = web.Application()
    app.router.add_route("*", "/echo", echo)
    async with TestServer(app) as server, connected(Address(server.host, server.port or 0)) as connection:
        first = await connection.ask("POST", "/echo", {"rating": 4.5})
        second = await connection.ask("GET", "/echo")
        with pytest.raises(DataflixError, match="404"):
            await connection.ask("GET", "/echo")
    assert (first.status, first.headers[b"commit-token"], first.body) == (200, b"abc", b'{"said": "twice"}')
    assert (second.status, second.body) == (204, b"")
    assert [text for _, text in seen] == ['{"rating":4.5}', '{"rating":4.5}', "", ""]
    assert len({id(transport) for transport, _ in seen}) == 1
