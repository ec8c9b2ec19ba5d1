"""The receipt of a re-masking: what was masked again, what went, what remains until when. It holds no key. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from clickhouse.erasure.receipt import CLEAN, Rest


@dataclass(frozen=True, slots=True)
class RemaskingReceipt:
    """One run. A place is `raw`, `analytics` or `masked`, a dot, and the table."""

    key_id: str
    previous: tuple[str, ...]  # ids of the keys whose hashes were there before
    remasked: Mapping[str, int]  # rows that were read again
    erased: Mapping[str, int]  # rows of raw that other keys had masked, every version counted
    found: Mapping[str, int]  # what the scan after it still found of other keys
    remaining: Mapping[str, Rest]

    @property
    def clean(self) -> bool:
        return not self.found

    def as_json(self) -> dict[str, Any]:
        """``{"key_id", "previous", "remasked", "erased", "remaining", "proof"}``."""
        return {
            "key_id": self.key_id,
            "previous": list(self.previous),
            "remasked": dict(self.remasked),
            "erased": dict(self.erased),
            "remaining": {place: rest.as_json() for place, rest in self.remaining.items()},
            "proof": self.proof,
        }

    @property
    def proof(self) -> str:
        """``clean``, or where the scan found how many rows."""
        if self.clean:
            return CLEAN
        return "found " + ", ".join(f"{count} in {place}" for place, count in self.found.items())

    def as_text(self) -> RenderableType:
        """The same for people."""
        done = Grid("place", "masked again", "old versions erased", box=None, header_style="bold", pad_edge=False)
        for place in self.remasked.keys() | self.erased.keys():
            done.add_row(place, f"{self.remasked.get(place, 0):,}", f"{self.erased.get(place, 0):,}")
        rest = Grid("remains", "until", "what", box=None, header_style="bold", pad_edge=False)
        for place, left in self.remaining.items():
            rest.add_row(place, left.as_json()["until"] or "", left.what)
        verdict = (
            f"Every hash is of the key {self.key_id}: a scan found no other in raw, in analytics, or in the newest "
            "state of the masked topics."
            if self.clean
            else f"The scan still found hashes of other keys: {self.proof}. Run it again."
        )
        return Group(done, rest, Text(verdict, style="green" if self.clean else "red"))
