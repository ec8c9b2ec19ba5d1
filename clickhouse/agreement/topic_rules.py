"""Which topics the contracts ask for, and what differs from them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clickhouse.agreement.disagreement import Disagreement, Place
from dataflix.contracts import Contracts

DELETE, COMPACT = "delete", "compact"


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the broker has it."""

    partitions: int
    cleanup_policy: str


def policies(contracts: Contracts) -> dict[str, str]:
    """The clean-up policy of each topic of the tables: changes go after some days, the newest masked event stays."""
    private = {table.private_topic: DELETE for table in contracts}
    return private | {table.masked_topic: COMPACT for table in contracts}


def compare_topics(contracts: Contracts, partitions: int, found: Mapping[str, TopicState]) -> Iterator[Disagreement]:
    """What differs in ``found``, the topics that exist, when a topic should have so many ``partitions``."""
    for topic, policy in policies(contracts).items():
        state = found.get(topic)
        if state is None:
            yield _disagreement(
                topic, "missing", f"There is no topic {topic}: run `bin/dataflix up`, which creates it.", stops=True
            )
            continue
        if state.cleanup_policy != policy:
            yield _disagreement(
                topic,
                "cleanup policy",
                f"The topic {topic} is cleaned up by {state.cleanup_policy} and should be by {policy}: run "
                "`bin/dataflix up`, which corrects it.",
                stops=False,
            )
        if state.partitions != partitions:
            yield _disagreement(
                topic,
                "partitions",
                f"The topic {topic} has {state.partitions} partitions and DATAFLIX_TOPIC_PARTITIONS is {partitions}: "
                f"set it to {state.partitions}. A topic keeps its number, or the changes of a row would part.",
                stops=False,
            )


def _disagreement(topic: str, kind: str, message: str, *, stops: bool) -> Disagreement:
    return Disagreement(Place.TOPICS, topic, kind, message, stops)
