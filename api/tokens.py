"""Tokens: who may use an API that more than this machine can reach. Only their hashes are kept.

A token is 256 random bits, so a plain hash of it cannot be turned back. They stand in a file of the home that only its
owner reads; a running API takes up a change of it within a second.
"""

import hashlib
import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from dataflix.errors import NotFound, SettingsError

log = structlog.get_logger(__name__)

FILE = "tokens.json"
PREFIX = "dataflix_"
GIVEN = "settings"  # the name of the token that DATAFLIX_API_TOKEN gives
LOOK_EVERY = 1.0  # seconds between looks at the file
_EPOCH = datetime.fromtimestamp(0, UTC)  # nobody knows when a token was made that the settings give
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Scope(StrEnum):
    """What a token is good for; each includes those before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"  # sees whole names and e-mail addresses

    def covers(self, other: "Scope") -> bool:
        """Whether whoever has this scope may do what ``other`` is needed for."""
        return _RANKS[self] >= _RANKS[other]


_RANKS = {scope: rank for rank, scope in enumerate(Scope)}


class Token(BaseModel):
    """A token as it is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    scope: Scope
    sha256: str
    created_at: datetime


_TOKENS = TypeAdapter(tuple[Token, ...])


class TokenFile:
    """The tokens of one home, and the one that the settings give, if they give one."""

    def __init__(self, home: Path, given: str = "") -> None:
        self.path = home / FILE
        self._given = (Token(name=GIVEN, scope=Scope.ADMIN, sha256=digest(given), created_at=_EPOCH),) if given else ()

    def read(self) -> tuple[Token, ...]:
        """Every token, in the order of their making; none without a file. Raises SettingsError for a broken file."""
        return (*self._given, *self._kept())

    def _kept(self) -> tuple[Token, ...]:
        try:
            return _TOKENS.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            raise SettingsError(
                f"The tokens in {self.path} cannot be read ({type(error).__name__}): make the file readable to its "
                "owner, or remove it and create the tokens again (`bin/dataflix token create`)."
            ) from None

    def create(self, name: str, scope: Scope) -> str:
        """Add a token; its text, which is told this once. Raises SettingsError for a name that does not serve."""
        if not _NAME.fullmatch(name):
            raise SettingsError(
                "A token's name has 1 to 64 small letters, digits, dots, dashes and underscores, and begins with a "
                "letter or digit: choose another one."
            )
        known = self._kept()
        if any(token.name == name for token in (*self._given, *known)):
            raise SettingsError(f"There is a token {name!r} already: revoke it first, or choose another name.")
        text = PREFIX + secrets.token_urlsafe(32)
        self._write((*known, Token(name=name, scope=scope, sha256=digest(text), created_at=datetime.now(UTC))))
        return text

    def revoke(self, name: str) -> None:
        """Take a token away. Raises NotFound."""
        known = self._kept()
        left = tuple(token for token in known if token.name != name)
        if left == known:
            raise NotFound(f"There is no token {name!r}: `bin/dataflix token list` names those that are.")
        self._write(left)

    def _write(self, tokens: tuple[Token, ...]) -> None:
        """Replace the file as a whole: whoever reads it meanwhile reads the one before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=self.path.parent, prefix=f".{FILE}.", delete=False) as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(_TOKENS.dump_json(tokens, indent=2) + b"\n")
        Path(file.name).replace(self.path)


class KnownTokens:
    """The tokens by their hash, as a running API knows them."""

    def __init__(self, file: TokenFile, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._stamp: tuple[int, int] | None = None
        self._next_look = clock() + LOOK_EVERY
        self._by_hash = self._read()

    def find(self, text: str) -> Token | None:
        """The token with this text, None when there is none. A file that was broken meanwhile knows none."""
        if self._clock() >= self._next_look:
            self._next_look = self._clock() + LOOK_EVERY
            if self._stamp != _stamp(self._file.path):
                self._take_up()
        # A look-up by the hash of what was sent: its time says nothing about a token that was not sent.
        return self._by_hash.get(digest(text))

    def _take_up(self) -> None:
        try:
            self._by_hash = self._read()
        except SettingsError as error:
            self._by_hash = {}
            log.warning("tokens_not_read", reason=str(error))

    def _read(self) -> Mapping[str, Token]:
        self._stamp = _stamp(self._file.path)
        return {token.sha256: token for token in self._file.read()}


def digest(text: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
