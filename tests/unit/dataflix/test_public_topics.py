import pytest

from connectors.topics import topics
from dataflix import dead_letters
from dataflix.contracts import load_contracts
from dataflix.public_topics import NotPublic, public_topic, public_topics
from dataflix.settings import PROJECT, Settings

CONTRACTS = load_contracts(PROJECT / "contracts")


def test_a_public_topic_is_found_by_its_name() -> None:
    assert public_topic("masked.users", CONTRACTS).table == CONTRACTS.table("users")
    assert public_topic("models", CONTRACTS).table is None


@pytest.mark.parametrize("name", ["cdc.public.users", "cdc.public.nobody", "cdc.dataflix.signals"])
def test_a_private_topic_is_refused_because_it_holds_personal_data(name: str) -> None:
    with pytest.raises(NotPublic, match="private, because it holds personal data"):
        public_topic(name, CONTRACTS)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("ratings", "masked.ratings"), ("masked.user", "masked.users"), ("dead-letters", "dead_letters")],
)
def test_of_an_unknown_topic_the_nearest_is_named(name: str, meant: str) -> None:
    with pytest.raises(NotPublic, match=f"Did you mean {meant}?"):
        public_topic(name, CONTRACTS)


def test_a_name_near_nothing_is_answered_with_all_topics() -> None:
    with pytest.raises(NotPublic) as refused:
        public_topic("xyz", CONTRACTS)
    assert "Did you mean" not in str(refused.value)
    assert all(topic.name in str(refused.value) for topic in public_topics(CONTRACTS))


def test_public_topics_are_made_and_kept_as_they_are_described() -> None:
    made = {topic.name: topic.config["cleanup.policy"] for topic in topics(CONTRACTS, Settings())}
    described = {t.name: "compact" if t.is_compacted else "delete" for t in public_topics(CONTRACTS)}
    assert described.items() <= made.items()
    assert dead_letters.TOPIC in described
