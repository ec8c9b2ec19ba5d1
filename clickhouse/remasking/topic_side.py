"""What a masked topic still holds of the hashes of other keys. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from dataflix import masked_events as events

_DELETED = b'"%s":1' % events.DELETED.encode()  # such an event holds its key and no hash


@dataclass(slots=True)
class OldKeyInTopic:
    """The rows of one masked topic that another key than ``key_id`` masked, read so far."""

    key_id: str
    outdated: set[bytes] = field(default_factory=set)  # keys whose newest event another key masked
    superseded: int = 0  # events of other keys that a newer event has taken the place of
    newest_old_at: datetime | None = None

    def take(self, partition: int, key: bytes, value: bytes | None, at: datetime) -> None:  # noqa: ARG002 a Reading
        """One message, in the order of its partition."""
        if key in self.outdated:
            self.outdated.discard(key)
            self.superseded += 1
        # In the texts of a row quotes are escaped: none of them can be taken for a field of the event
        if value is not None and self._ours() not in value and _DELETED not in value:
            self.outdated.add(key)
            self.newest_old_at = at if self.newest_old_at is None else max(at, self.newest_old_at)

    def _ours(self) -> bytes:
        return f'"{events.KEY_ID}":"{self.key_id}"'.encode()
