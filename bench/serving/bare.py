"""``python -m bench.serving.bare PORT``: an aiohttp server whose one handler returns a constant."""

import sys

import uvloop
from aiohttp import web

BODY = b'{"recommendations":[]}'


async def _constant(_request: web.Request) -> web.Response:
    return web.Response(body=BODY, content_type="application/json")


def main() -> None:
    app = web.Application()
    app.router.add_get("/recommendations/{user_id}", _constant)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, loop=uvloop.new_event_loop(), print=None)


if __name__ == "__main__":
    main()
