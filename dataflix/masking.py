"""How personal values are masked. Pure: the key comes as an argument."""

import hashlib
import hmac
from collections.abc import Callable

from dataflix.contracts import Masking

HASH_CHARACTERS = 16
PLAIN = "plain"  # the key id of hashes that were made without a key
KEY_ID_CHARACTERS = 12
_KEY_ID_OF = b"dataflix masking key id"
Mask = Callable[[str | None], str | None]


def mask_name(name: str | None) -> str | None:
    """Keep the first letter, one asterisk for each further character: ``John`` -> ``J***``. None and '' stay."""
    if not name:
        return name
    return name[0] + "*" * (len(name) - 1)


def mask_hash(value: str | None, key: bytes) -> str | None:
    """16 hex characters of HMAC-SHA-256 under ``key``, or of plain SHA-256 when the key is empty. None and '' stay.

    Equal values give equal hashes, so they can still be counted and joined. Without a key anybody can hash a guess
    and compare; with one, only its holder can.
    """
    if not value:
        return value
    data = value.encode()
    digest = hmac.digest(key, data, "sha256") if key else hashlib.sha256(data).digest()
    return digest.hex()[:HASH_CHARACTERS]


def key_id(key: bytes) -> str:
    """The public name of ``key``, by which one can tell under which key a value was hashed; ``plain`` for no key.

    It says of a key no more than the hashes do: whoever can guess the key can check the guess against either.
    """
    return hmac.new(key, _KEY_ID_OF, hashlib.sha256).hexdigest()[:KEY_ID_CHARACTERS] if key else PLAIN


def mask_for(masking: Masking | None, key: bytes) -> Mask | None:
    """The function for one column, or None for a column that passes as it is."""
    match masking:
        case None:
            return None
        case Masking.INITIAL:
            return mask_name
        case Masking.HASH:
            return lambda value: mask_hash(value, key)
