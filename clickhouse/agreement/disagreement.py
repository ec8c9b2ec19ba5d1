"""What a check of the contracts tells. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Place(StrEnum):
    """Where the contracts are compared with what is there."""

    SOURCE = "source"
    TOPICS = "topics"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One difference. ``message`` is a sentence that says what to do."""

    place: Place
    name: str  # of the table or topic
    kind: str
    message: str
    stops: bool  # whether the stream of its table cannot go on with it


def as_json(contract_version: str, found: Sequence[Disagreement]) -> dict[str, Any]:
    """``{"agree", "contract_version", "findings": [{"place", "name", "kind", "message", "stops"}]}``."""
    return {"agree": not found, "contract_version": contract_version, "findings": [asdict(each) for each in found]}


def as_text(contract_version: str, found: Sequence[Disagreement]) -> str:
    """A line for each, errors marked, or one that says that all is well."""
    if not found:
        return f"Contracts {contract_version}, source, topics and raw tables agree."
    return "\n".join(f"{'error  ' if each.stops else 'notice '} {each.place}: {each.message}" for each in found)
