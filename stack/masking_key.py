"""The masking key of a home, and its rotation: which key there was, which there is, and whether all is masked anew.

The key itself stands in ``secrets.env`` and nowhere else. What is under way is told by ids, in ``masking.json``.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from dataflix.masking import key_id
from stack.errors import BadInput
from stack.home import MASKING_KEY, Home, read_env, write_private, write_secrets

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Rotation:
    """From one key to another, by their ids."""

    previous: str
    key_id: str
    begun_at: str  # ISO 8601, UTC
    finished_at: str | None = None

    @property
    def is_under_way(self) -> bool:
        return self.finished_at is None


def present_key_id(home: Home) -> str:
    """The id of the key that the home holds."""
    return key_id(read_env(home.secrets_file).get(MASKING_KEY, "").encode())


def last_rotation(home: Home) -> Rotation | None:
    """The newest rotation of the home, None where there never was one.

    One that ended between noting the new key's id and storing the key has changed nothing, and counts for nothing.
    """
    file = home.folder / "masking.json"
    if not file.is_file():
        return None
    rotation = Rotation(**json.loads(file.read_text()))
    return rotation if not rotation.is_under_way or rotation.key_id == present_key_id(home) else None


def begin(home: Home, environ: Mapping[str, str]) -> Rotation:
    """The rotation that is under way; else a new one, to the key that ``environ`` names or to one made here.

    Raises BadInput when ``environ`` names a key that cannot be the next one, SettingsError when it cannot be stored.
    """
    present, asked = present_key_id(home), environ.get(MASKING_KEY, "")
    last = last_rotation(home)
    if last and last.is_under_way:
        if asked and key_id(asked.encode()) != present:
            raise BadInput(
                f"The rotation to the key {present} is not finished, and {MASKING_KEY} names another key: unset it, "
                "run this again to finish, then rotate once more."
            )
        return last
    if asked and key_id(asked.encode()) == present:
        raise BadInput(
            f"{MASKING_KEY} names the key that is in use, {present}: let it name the next one, or unset it to have one "
            "made."
        )
    key = asked or secrets.token_urlsafe(_KEY_BYTES)
    rotation = Rotation(present, key_id(key.encode()), _now())
    _note(home, rotation)
    write_secrets(home, read_env(home.secrets_file) | {MASKING_KEY: key})
    return rotation


def finish(home: Home, rotation: Rotation) -> None:
    """Note that everything is masked under the new key."""
    _note(home, replace(rotation, finished_at=_now()))


def _note(home: Home, rotation: Rotation) -> None:
    write_private(home.folder / "masking.json", json.dumps(asdict(rotation)))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
