"""The REST API over HTTP, by aiohttp."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from cli.answers import (
    Erasure,
    Finding,
    Health,
    Movie,
    NewUser,
    Pipeline,
    Popular,
    Rating,
    Recommendations,
    Recommended,
    Service,
    User,
    Watched,
    as_json,
    read,
)
from cli.api import Event, MovieQuery, Part
from cli.errors import Refused, Unreachable
from cli.server_sent import EventLines

ANSWER_SECONDS = 15.0
SILENCE_SECONDS = 25.0  # the stream sends something every ten
_PAGE = 500
_LINE = 1 << 20  # bytes; a list of recommendations with its reasons is a fraction of it
_AWAY = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
)
Kind = TypeVar("Kind")


class Rest:
    """The API at ``url``; ``token`` where it asks for one. An asynchronous context manager."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session = aiohttp.ClientSession(
            headers=headers, timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), read_bufsize=_LINE
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def users(self, after: int, limit: int) -> Part[User]:
        return _part(User, (await self._get("/users", after=after, limit=limit))[0])

    async def user(self, user_id: int) -> User:
        return read(User, (await self._get(f"/users/{user_id}"))[0])

    async def sign_up(self, user: NewUser) -> User:
        body = {name: value for name, value in as_json(user).items() if value is not None}
        return read(User, (await self._send("POST", "/users", body))[0])

    async def erase(self, user_id: int) -> Erasure:
        return read(Erasure, (await self._send("DELETE", f"/users/{user_id}"))[0])

    async def erasure(self, user_id: int) -> Erasure:
        return read(Erasure, (await self._get(f"/erasures/{user_id}"))[0])

    async def movies(self, query: MovieQuery, after: int, limit: int, etag: str = "") -> Part[Movie] | None:
        body, headers = await self._get("/movies", etag, **as_json(query), after=after, limit=limit)
        return _part(Movie, body, headers.get("ETag", "")) if body is not None else None

    async def movie(self, movie_id: int) -> Movie:
        return read(Movie, (await self._get(f"/movies/{movie_id}"))[0])

    async def similar(self, movie_id: int, limit: int) -> Recommendations:
        return _recommendations((await self._get(f"/movies/{movie_id}/similar", limit=limit))[0])

    async def popular(self, limit: int, genre: str | None) -> tuple[Popular, ...]:
        body, _ = await self._get("/popular", limit=limit, genre=genre)
        return tuple(read(Popular, one) for one in body["items"])

    async def recommendations(
        self, user_id: int, limit: int, genre: str | None = None, after: str | None = None
    ) -> Recommendations:
        body, _ = await self._get(f"/recommendations/{user_id}", limit=limit, genre=genre, after=after, explain="true")
        return _recommendations(body)

    async def ratings(self, user_id: int) -> tuple[Rating, ...]:
        return await self._all(Rating, f"/ratings/{user_id}")

    async def rate(self, user_id: int, rating: Rating) -> str:
        body = {"rating": rating.rating, "liked": rating.liked}
        return (await self._send("PUT", f"/ratings/{user_id}/{rating.movie_id}", body))[1]

    async def unrate(self, user_id: int, movie_id: int) -> str:
        return (await self._send("DELETE", f"/ratings/{user_id}/{movie_id}"))[1]

    async def watched(self, user_id: int) -> tuple[Watched, ...]:
        return await self._all(Watched, f"/watched/{user_id}")

    async def mark_watched(self, user_id: int, movie_id: int, watched_at: str | None = None) -> str:
        body = {"watched_at": watched_at} if watched_at else {}
        return (await self._send("PUT", f"/watched/{user_id}/{movie_id}", body))[1]

    async def unmark_watched(self, user_id: int, movie_id: int) -> str:
        return (await self._send("DELETE", f"/watched/{user_id}/{movie_id}"))[1]

    async def health(self) -> Health:
        body, _ = await self._get("/health")
        stream = body["stream"]
        return Health(body["model"], body["history"], stream["caught_up"], stream["lag"], stream["newest_commit"])

    async def pipeline(self) -> Pipeline:
        body, _ = await self._get("/pipeline")
        services = tuple(read(Service, one) for one in body["services"])
        findings = tuple(read(Finding, one) for one in body["findings"])
        return Pipeline(services, findings, body["dead_letters"], body["worker_lag"])

    async def events(self, user_id: int | None, last_event_id: str) -> AsyncIterator[Event]:
        query = {} if user_id is None else {"user_id": str(user_id)}
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS, sock_read=SILENCE_SECONDS)
        lines = EventLines()
        async with self._request("GET", "/events", params=query, headers=headers, timeout=timeout) as answer:
            try:
                async for line in answer.content:
                    for event in lines.take(line.decode().rstrip("\r\n")):
                        yield event
            except (aiohttp.ClientError, TimeoutError, ConnectionError, ValueError):
                raise self._unreachable() from None

    async def _all(self, kind: type[Kind], path: str) -> tuple[Kind, ...]:
        items: tuple[Kind, ...] = ()
        after: int | None = 0
        while after is not None:
            part = _part(kind, (await self._get(path, after=after, limit=_PAGE))[0])
            items, after = items + part.items, part.next
        return items

    async def _get(self, path: str, etag: str = "", **query: Any) -> tuple[Any, Mapping[str, str]]:
        """The body, None when ``etag`` still names its state; and the headers."""
        params = {name: str(value) for name, value in query.items() if value is not None}
        headers = {"If-None-Match": etag} if etag else {}
        async with self._request("GET", path, params=params, headers=headers) as answer:
            if answer.status == HTTPStatus.NOT_MODIFIED:
                return None, answer.headers
            return await answer.json(), answer.headers

    async def _send(self, method: str, path: str, body: Any = None) -> tuple[Any, str]:
        """The body of the answer and the commit token."""
        async with self._request(method, path, json=body) as answer:
            given = await answer.json() if answer.status != HTTPStatus.NO_CONTENT else None
            return given, answer.headers.get("Commit-Token", "")

    def _request(self, method: str, path: str, **rest: Any) -> "_Asking":
        return _Asking(self, self._session.request(method, self.url + path, **rest))

    def _unreachable(self) -> Unreachable:
        return Unreachable(f"The API at {self.url} does not answer: is it running (`bin/dataflix status`)?")


class _Asking:
    """One request: its errors become ours, an answer that is none becomes Refused or Unreachable."""

    def __init__(self, rest: Rest, request: Any) -> None:
        self._rest = rest
        self._request = request

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            answer: aiohttp.ClientResponse = await self._request.__aenter__()
        except (TimeoutError, aiohttp.ClientError, OSError):
            raise self._rest._unreachable() from None
        except ValueError:
            raise Refused(f"{self._rest.url} is no address of an API: one is like http://127.0.0.1:5002.") from None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            async with answer:
                raise await _problem(answer)
        return answer

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._request.__aexit__(kind, error, trace)
        if isinstance(error, aiohttp.ClientError | TimeoutError | ConnectionError):
            raise self._rest._unreachable() from None


async def _problem(answer: aiohttp.ClientResponse) -> Refused | Unreachable:
    """What a problem document says, in one sentence."""
    try:
        document = await answer.json(content_type=None)
        sentence = str(document["detail"])
        wrong = [str(one["detail"]) for one in document.get("errors") or ()]
        kind = str(document.get("type", "")).rpartition("/")[2].rpartition(":")[2]
    except (aiohttp.ClientError, ValueError, KeyError, TypeError):
        sentence, wrong, kind = f"The API answered with status {answer.status}.", [], ""
    if answer.status in _AWAY:
        return Unreachable(sentence)
    return Refused(" ".join([sentence, *(f"{one.rstrip('.')}." for one in wrong)]), kind, answer.status)


def _part(kind: type[Kind], body: Any, etag: str = "") -> Part[Kind]:
    return Part(tuple(read(kind, one) for one in body["items"]), body["next"], etag)


def _recommendations(body: Any) -> Recommendations:
    listed = tuple(
        read(Recommended, {**one, "because": tuple(str(why["title"]) for why in one.get("because", ()))})
        for one in body["recommendations"]
    )
    return read(Recommendations, {**body, "recommendations": listed})
