"""What keeps the API answering when more is asked than it can do: so many requests at once, so long for each."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from api.access import OPEN
from api.problems import RETRY_AFTER, unavailable
from api.request_marks import Handler

UNBOUNDED = frozenset({"/events"})  # a stream lasts as long as its reader


class Overload:
    """At most ``most`` requests at once, ``seconds`` for each; one more is refused at once and does not wait."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._at_work = 0

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While a request that is bound only waits, bounded by something else, it counts as none."""
        self._at_work -= 1
        try:
            yield
        finally:
            self._at_work += 1

    async def bound(self, request: web.Request, handler: Handler, route: str) -> web.StreamResponse:
        """The handler's answer. Raises Problem, 503 with Retry-After, for one too many and one that takes too long.

        Health is told even then: whoever restarts what looks dead would make it worse.
        """
        if route in OPEN or route in UNBOUNDED:
            return await handler(request)
        if self._at_work >= self._most:
            raise unavailable("More requests than the API can answer at once: try again.", RETRY_AFTER)
        self._at_work += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await handler(request)
        except TimeoutError:
            raise unavailable("The answer took too long: try again.", RETRY_AFTER) from None
        finally:
            self._at_work -= 1
