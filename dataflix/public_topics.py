"""The topics that anybody may read: masked events, dead letters and announcements of models. None holds a payload that
could be personal; the private topics ``cdc.*`` do, and are no part of this list.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from dataflix.contracts import Contracts, Table
from dataflix.errors import DataflixError

DEAD_LETTERS = "dead_letters"
MODELS = "models"
PRIVATE_PREFIX = "cdc."
_NEAR = 0.5  # of 1, which is the same name: `ratings` is near `masked.ratings`

_ROW = "compact JSON of the key columns"


class NotPublic(DataflixError):
    """A topic that is private, or that is no topic of the stream."""


@dataclass(frozen=True, slots=True)
class PublicTopic:
    """A topic, and the table whose masked events it carries, if it does."""

    name: str
    description: str
    key: str  # what the key of a message is
    is_compacted: bool  # True: the newest message of each key stays. False: messages go after some days
    table: Table | None = None


def public_topics(contracts: Contracts) -> tuple[PublicTopic, ...]:
    """Every public topic, those of the tables first."""
    masked = (PublicTopic(table.masked_topic, table.description, _ROW, True, table) for table in contracts)
    return (
        *masked,
        PublicTopic(
            DEAD_LETTERS,
            "Where change events stand that could not be processed, and why. The events themselves stay there. A later "
            "message of the same key with the field `ending` closes the letter.",
            "topic/partition/offset of the event",
            False,
        ),
        PublicTopic(
            MODELS, "Model versions that became the served one, the newest of each model.", "name of the model", True
        ),
    )


def public_topic(name: str, contracts: Contracts) -> PublicTopic:
    """The public topic of that name. Raises NotPublic, with the topic that was probably meant."""
    topics = {topic.name: topic for topic in public_topics(contracts)}
    if name in topics:
        return topics[name]
    if name.startswith(PRIVATE_PREFIX):
        raise NotPublic(f"The topic {name!r} is private, because it holds personal data in clear. {_choice(topics)}")
    near = difflib.get_close_matches(name, topics, n=1, cutoff=_NEAR)
    meant = f"Did you mean {near[0]}? " if near else ""
    raise NotPublic(f"There is no public topic {name!r}. {meant}{_choice(topics)}")


def _choice(topics: Iterable[str]) -> str:
    return f"Public are {', '.join(topics)}."
