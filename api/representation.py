"""How an answer travels: not at all when the caller has it already, compressed when that pays and is understood."""

import gzip
from hashlib import blake2b
from http import HTTPStatus

from aiohttp import web

# Not the recommendations: they change with every event, and are computed for each request.
REVALIDATED = frozenset(
    {
        "/movies",
        "/movies/{movie_id}",
        "/movies/{movie_id}/similar",
        "/popular",
        "/users",
        "/users/{user_id}",
        "/ratings/{user_id}",
        "/watched/{user_id}",
        "/openapi.json",
        "/docs",
        "/",
        "/page/{name}",
    }
)
NOT_PERSONAL = ("/movies", "/popular", "/openapi.json", "/docs", "/page/")
MIN_COMPRESSED = 1024  # bytes; less does not pay
LEVEL = 5
# Kept by the caller alone, and asked for again each time: the answer may depend on the token, and change at any moment.
_KEPT = "private, no-cache"


def represent(request: web.Request, response: web.Response, route: str) -> web.Response:
    """Give answers to reading a validator, shorten them to 304, or compress them."""
    body = response.body
    if not isinstance(body, bytes) or response.status != HTTPStatus.OK:
        return response
    if request.method in {"GET", "HEAD"} and route in REVALIDATED:
        etag = blake2b(body, digest_size=12).hexdigest()
        response.headers["ETag"] = f'W/"{etag}"'
        if route == "/" or route.startswith(NOT_PERSONAL):
            response.headers["Cache-Control"] = _KEPT
        if any(one.value in {etag, "*"} for one in request.if_none_match or ()):
            kept = {name: response.headers[name] for name in ("ETag", "Cache-Control") if name in response.headers}
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=kept | {"Vary": "Accept-Encoding"})
    if len(body) >= MIN_COMPRESSED:
        response.headers["Vary"] = "Accept-Encoding"
        if accepts_gzip(request.headers.get("Accept-Encoding", "")):
            response.headers["Content-Encoding"] = "gzip"
            response.body = gzip.compress(body, LEVEL, mtime=0)
    return response


def accepts_gzip(accepted: str) -> bool:
    """Whether the value of ``Accept-Encoding`` asks for gzip, by name or by ``*``, with a weight above zero."""
    weights = {}
    for part in accepted.lower().split(","):
        coding, _, parameter = part.strip().partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weights[coding.strip()] = float(value) if name == "q" else 1.0
        except ValueError:
            weights[coding.strip()] = 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0
