"""Who may ask what: the scope that a route needs, the token that a request bears, and how often it may come."""

import ipaddress
import math
import time
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web

from api.problems import Kind, Problem
from api.rate_limit import RateLimit
from api.tokens import KnownTokens, Scope, TokenFile
from dataflix.errors import SettingsError
from dataflix.settings import Settings

SCOPE = web.RequestKey("scope", Scope)
CALLER = web.RequestKey("caller", str)  # name of the token, empty without one
ANONYMOUS = Scope.WRITE  # of whoever is on this machine
OPEN = frozenset({"/health", "/ready", "/openapi.json", "/docs", "/", "/page/{name}"})  # say nothing about anybody
_READING = frozenset({"GET", "HEAD"})
_READING_POSTS = frozenset({"/recommendations"})


def needed_scope(method: str, route: str) -> Scope | None:
    """What a caller needs for this method of this route; None where anybody may ask."""
    if route in OPEN:
        return None
    return Scope.READ if method in _READING or route in _READING_POSTS else Scope.WRITE


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """Lets requests pass or refuses them. ``anonymous`` is the scope of those without a token, None to refuse them."""

    def __init__(self, tokens: KnownTokens, anonymous: Scope | None, limit: RateLimit) -> None:
        self._tokens = tokens
        self._anonymous = anonymous
        self._limit = limit

    @classmethod
    def of(cls, settings: Settings, clock: Callable[[], float] = time.monotonic) -> "Access":
        """As the settings want it. Raises SettingsError when others could reach the API and there is no token."""
        file = TokenFile(settings.home, settings.api_token.get_secret_value())
        is_open = is_loopback(settings.api_host)
        if not is_open and not file.read():
            raise SettingsError(
                f"The API would listen on {settings.api}, where other machines reach it, and there are no tokens: "
                "create one (`bin/dataflix token create NAME`), or set DATAFLIX_API_HOST to 127.0.0.1."
            )
        rate = settings.api_requests_per_second
        limit = RateLimit(rate, max(1.0, 2 * rate), clock)
        return cls(KnownTokens(file, clock), ANONYMOUS if is_open else None, limit)

    def authorise(self, request: web.Request, route: str) -> None:
        """Let it pass. Raises Problem: 401 without a known token, 403 where it is not enough, 429 used too often."""
        needed = needed_scope(request.method, route)
        if needed is None:
            return
        caller, scope = self._identify(request)
        request[CALLER], request[SCOPE] = caller, scope
        if not scope.covers(needed):
            raise Problem(
                HTTPStatus.FORBIDDEN,
                f"This needs a token of the scope {needed}.",
                kind=Kind.FORBIDDEN,
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'},
            )

    def _identify(self, request: web.Request) -> tuple[str, Scope]:
        given = request.headers.get("Authorization")
        if given is None:
            if self._anonymous is None:
                raise _unauthorised("Send a token: `Authorization: Bearer …`.", "Bearer")
            return "", self._anonymous
        scheme, _, text = given.partition(" ")
        token = self._tokens.find(text.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            raise _unauthorised("This token is not known: send one that is.", 'Bearer error="invalid_token"')
        if wait := self._limit.take(token.name):
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "More requests than this token is good for: come again later.",
                kind=Kind.TOO_MANY_REQUESTS,
                headers={"Retry-After": str(math.ceil(wait))},
            )
        return token.name, token.scope


def _unauthorised(detail: str, challenge: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, detail, kind=Kind.UNAUTHORISED, headers={"WWW-Authenticate": challenge})
