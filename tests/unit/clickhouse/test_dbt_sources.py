from pathlib import Path

import yaml

from clickhouse.__main__ import DBT_SOURCES
from clickhouse.dbt_sources import render
from dataflix import metrics
from dataflix.contracts import load_contracts
from dataflix.pipeline_history import READINGS
from dataflix.settings import PROJECT

CONTRACTS = PROJECT / "contracts"
TAGS = """
table: tags
description: "Words: that people give to movies"
key: [tag_id]
columns:
  tag_id: {type: bigint, description: Number of the tag}
  signature: {type: text, nullable: true, mask: initial, description: Who gave it}
"""


def test_the_sources_of_dbt_are_what_the_contracts_say() -> None:
    stale = "run `python -m clickhouse dbt-sources`"
    assert DBT_SOURCES.read_text(encoding="utf-8") == render(load_contracts(CONTRACTS)), stale


def test_a_further_contract_is_a_further_source(tmp_path: Path) -> None:
    for contract in CONTRACTS.glob("*.yml"):
        (tmp_path / contract.name).write_text(contract.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "tags.yml").write_text(TAGS, encoding="utf-8")
    tables = yaml.safe_load(render(load_contracts(tmp_path)))["sources"][0]["tables"]
    assert [table["name"] for table in tables] == ["movies", "ratings", "tags", "users", "watched_movies"]
    tags = next(table for table in tables if table["name"] == "tags")
    assert tags["description"] == "Words: that people give to movies"
    assert tags["columns"][1] == {
        "name": "signature",
        "data_type": "Nullable(String)",
        "description": "Who gave it",
        "config": {"meta": {"masked": "initial"}},
    }


def test_freshness_is_read_from_what_the_watcher_writes_down() -> None:
    source = yaml.safe_load(render(load_contracts(CONTRACTS)))["sources"][0]
    assert source["config"]["loaded_at_query"] == "{{ held_until(this.identifier) }}"

    macro = (PROJECT / "dbt" / "macros" / "freshness.sql").read_text(encoding="utf-8")
    assert READINGS in macro
    for metric in (metrics.WATCHER_WORKER_LAG_SECONDS, metrics.WATCHER_HEARTBEAT_AGE_SECONDS):
        assert f"'{metric.name}'" in macro
