"""Idempotency keys: a write that is sent again with its key is not done again, its answer is told again.

As in draft-ietf-httpapi-idempotency-key-header. A key belongs to its caller, and to one request. The answer is kept in
the transaction of the write: either both are there or neither. What wrote nothing is not kept, and may be sent again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from http import HTTPStatus

from api.problems import Kind, Problem
from api.store import KeptAnswer, Store
from dataflix.errors import SourceUnavailable

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 255  # characters
PATTERN = rf'^(?:"[!#-\[\]-~]{{1,{LONGEST}}}"|[!#-\[\]-~]{{1,{LONGEST}}})$'
SWEEP_EVERY = 600.0  # seconds


def read_key(headers: Mapping[str, str], caller: str) -> bytes | None:
    """Digest of caller and key; None without one. With quotes, as the draft has it, or without. Raises Problem."""
    given = headers.get(HEADER)
    if given is None:
        return None
    key = given[1:-1] if len(given) > 1 and given[0] == given[-1] == '"' else given
    if not 1 <= len(key) <= LONGEST or any(not "!" <= letter <= "~" or letter in '"\\' for letter in key):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            f"{HEADER} takes 1 to {LONGEST} visible ASCII characters without quotes and backslashes, as a UUID has.",
            kind=Kind.MALFORMED_KEY,
        )
    return _digest(caller.encode(), key.encode())


def digest_of(key: bytes, method: str, path: str, body: bytes) -> bytes:
    """Digest of a request under its key; equal for equal requests alone."""
    return _digest(key, method.encode(), path.encode(), body)


async def once(
    store: Store, key: bytes, request: bytes, write: Callable[[Store], Awaitable[tuple[KeptAnswer, int | None]]]
) -> tuple[KeptAnswer, bool]:
    """Do the write, or give the answer that was given before; and whether it was.

    ``write`` does all that it does through the store that it gets, and says of which person the answer tells. Raises
    Problem for a key that another request bore, or that one under way bears.
    """
    async with store.attempt(key) as attempt:
        if attempt.kept is None:
            answer, user_id = await write(attempt.store)
            await attempt.keep(answer, user_id)
            return answer, False
        if attempt.kept.request != request:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"This {HEADER} came with another request before: send a new key with a new request.",
                kind=Kind.KEY_REUSED,
            )
        return attempt.kept, True


async def sweep(store: Store, every: float = SWEEP_EVERY) -> None:
    """Forget answers that have expired, until cancelled."""
    while True:
        with suppress(SourceUnavailable):
            await store.forget_expired_answers()
        await asyncio.sleep(every)


def _digest(*parts: bytes) -> bytes:
    """Digest of the parts, wherever one ends and the next begins."""
    whole = sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.digest()
