"""The simulation as callers of the REST API, who also look at their recommendations."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from dataflix.errors import SettingsError, SourceUnavailable
from training.made_up_people import MadeUpPerson
from training.simulation.actions import Action, Browse, Rate, Watch
from training.simulation.world import Film

CALLERS: Final = 16  # requests under way at once
PAGE: Final = 500
ATTEMPTS: Final = 8
MOST_PAUSE_S: Final = 5.0
_BUSY: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT}
_LOCKED: Final = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class _NotNow(Exception):
    """An answer, or none, after which the same request may be sent again."""


class ApiStage:
    """The API that ``session`` has as its base, with the token that it asks for."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._free = asyncio.Semaphore(CALLERS)

    async def films(self) -> list[Film]:
        films: list[Film] = []
        after: int | None = 0
        while after is not None:
            page = await self._ask("GET", f"/movies?limit={PAGE}&after={after}")
            films += [Film(one["movie_id"], one["genre"]) for one in page["items"]]
            after = page["next"]
        return films

    async def sign_up(self, people: Sequence[MadeUpPerson]) -> list[int]:
        async def one(person: MadeUpPerson) -> int:
            body = {
                "username": person.username,
                "email": person.email,
                "first_name": person.first_name,
                "last_name": person.last_name,
            }
            # sent again it is the same person, and no second one
            signed_up = await self._ask("POST", "/users", body, {"Idempotency-Key": f'"{person.username}"'})
            return int(signed_up["user_id"])

        return list(await asyncio.gather(*map(one, people)))

    async def perform(self, actions: Sequence[Action], user_ids: Sequence[int]) -> int:
        each: dict[int, list[Action]] = {}
        for action in actions:
            each.setdefault(action.person, []).append(action)

        async def one_after_another(theirs: list[Action]) -> int:
            return sum([await self._do(action, user_ids[action.person]) is None for action in theirs])

        return sum(await asyncio.gather(*map(one_after_another, each.values())))

    async def _do(self, action: Action, user_id: int) -> Any:
        match action:
            case Browse():
                return await self._ask("GET", f"/recommendations/{user_id}?limit=10")
            case Watch():
                return await self._ask("PUT", f"/watched/{user_id}/{action.movie_id}", {})
            case Rate():
                body = {"rating": action.stars, "liked": action.liked}
                return await self._ask("PUT", f"/ratings/{user_id}/{action.movie_id}", body)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        """The answer; None when what it is about does not exist. Raises SourceUnavailable, SettingsError."""
        patiently = AsyncRetrying(
            retry=retry_if_exception_type((_NotNow, aiohttp.ClientError, TimeoutError)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential_jitter(initial=0.1, max=MOST_PAUSE_S),
        )
        try:
            async with self._free:
                return await patiently(self._ask_once, method, path, body, headers)
        except RetryError as error:
            reason = error.last_attempt.exception()
            why = str(reason) if isinstance(reason, _NotNow) else type(reason).__name__
            raise SourceUnavailable(
                f"The API at {self._url} does not answer or refuses ({why}): see `bin/dataflix status`."
            ) from error

    async def _ask_once(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str] | None
    ) -> Any:
        async with self._session.request(method, path, json=body, headers=headers) as answer:
            if answer.status in _BUSY:
                raise _NotNow(str(answer.status))
            if answer.status == HTTPStatus.NOT_FOUND:
                return None
            if answer.status in _LOCKED:
                raise SettingsError(
                    f"The API at {self._url} asks for a token of the scope write: put one into DATAFLIX_API_TOKEN "
                    "(`bin/dataflix token create NAME --scope write`)."
                )
            if not answer.ok:
                raise SourceUnavailable(
                    f"The API at {self._url} answered {answer.status}: see `bin/dataflix logs api`."
                )
            return await answer.json()
