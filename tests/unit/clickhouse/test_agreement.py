from dataclasses import replace

from clickhouse.agreement.disagreement import Disagreement, Place, as_json, as_text
from clickhouse.agreement.topic_rules import TopicState, compare_topics, policies
from dataflix.contracts import Contracts, Table

COLUMNS = {"id": {"type": "bigint", "description": "Number"}}
TAGS = Table.model_validate({"table": "tags", "description": "Tags.", "key": ["id"], "columns": COLUMNS})
CONTRACTS = Contracts(tables=(TAGS,), version="abc")
AS_WANTED = {topic: TopicState(4, policy) for topic, policy in policies(CONTRACTS).items()}
NOTICE = Disagreement(Place.SOURCE, "tags", "added", "One more column.", stops=False)


def test_topics_that_are_as_the_contracts_ask_differ_in_nothing() -> None:
    assert list(compare_topics(CONTRACTS, 4, AS_WANTED)) == []


def test_a_topic_that_is_missing_stops_its_table() -> None:
    (found,) = compare_topics(CONTRACTS, 4, {"masked.tags": AS_WANTED["masked.tags"]})
    assert (found.name, found.kind, found.stops) == ("cdc.public.tags", "missing", True)


def test_a_masked_topic_that_is_not_compacted_is_found() -> None:
    wrong = AS_WANTED | {"masked.tags": replace(AS_WANTED["masked.tags"], cleanup_policy="delete")}
    (found,) = compare_topics(CONTRACTS, 4, wrong)
    assert "masked.tags is cleaned up by delete and should be by compact" in found.message


def test_partitions_that_are_there_are_kept_and_the_setting_gives_way() -> None:
    found = list(compare_topics(CONTRACTS, 8, AS_WANTED))
    assert [each.name for each in found] == ["cdc.public.tags", "masked.tags"]
    assert "DATAFLIX_TOPIC_PARTITIONS is 8: set it to 4" in found[0].message


def test_what_is_told_names_the_place_and_what_stops() -> None:
    assert as_text("abc", []) == "Contracts abc, source, topics and raw tables agree."
    assert as_text("abc", [NOTICE, replace(NOTICE, stops=True)]).splitlines() == [
        "notice  source: One more column.",
        "error   source: One more column.",
    ]
    assert as_json("abc", [])["agree"] is True
    assert as_json("abc", [NOTICE]) == {
        "agree": False,
        "contract_version": "abc",
        "findings": [
            {"place": "source", "name": "tags", "kind": "added", "message": "One more column.", "stops": False}
        ],
    }
