"""The receipt of an erasure: what was erased, what remains until when, and what the scan found. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

CLEAN = "clean"


@dataclass(frozen=True, slots=True)
class Rest:
    """What stays somewhere, and until when; ``until`` is None where nothing in time ends it."""

    what: str
    until: datetime | None = None
    count: int | None = None  # rows or messages

    def as_json(self) -> dict[str, Any]:
        counted = {} if self.count is None else {"count": self.count}
        return {"what": self.what, "until": _iso(self.until), **counted}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One run of `forget`. A place is `source`, `raw`, `analytics` or `masked`, a dot, and the table."""

    user_id: int
    erased: Mapping[str, int]  # rows, of a masked topic keys; places with none are left out
    found: Mapping[str, int]  # what the scan after it still found: nothing of the person may be left there
    private_topics_until: datetime | None  # None when they have let go of everything already
    remaining: Mapping[str, Rest] = field(default_factory=dict)  # what is left on purpose

    @property
    def clean(self) -> bool:
        return not self.found

    @property
    def proof(self) -> str:
        """``clean``, or where the scan found how many rows or keys."""
        if self.clean:
            return CLEAN
        return "found " + ", ".join(f"{count} in {place}" for place, count in self.found.items())

    def as_json(self) -> dict[str, Any]:
        """``{"user_id", "erased", "remaining", "private_topics_until", "proof"}``."""
        return {
            "user_id": self.user_id,
            "erased": dict(self.erased),
            "remaining": {place: rest.as_json() for place, rest in self.remaining.items()},
            "private_topics_until": _iso(self.private_topics_until),
            "proof": self.proof,
        }

    def as_text(self) -> RenderableType:
        """The same for people."""
        erased = Grid("erased from", box=None, header_style="bold", pad_edge=False)
        erased.add_column("count", justify="right")
        for place, count in self.erased.items():
            erased.add_row(place, f"{count:,}")
        rest = Grid("remains", "until", "what", box=None, header_style="bold", pad_edge=False)
        for place, left in self.remaining.items():
            rest.add_row(place, _iso(left.until) or "", left.what)
        verdict = (
            f"A scan of every table and masked topic found nothing more of the user {self.user_id}."
            if self.clean
            else f"The scan found more of the user {self.user_id}: {self.proof}. Run it again."
        )
        nothing = Text(f"There was nothing left to erase of the user {self.user_id}.")
        return Group(erased if self.erased else nothing, rest, Text(verdict, style="green" if self.clean else "red"))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
