import re

import pytest
import yaml

from dataflix.clickhouse_client import ClickHouseUser
from dataflix.contracts import load_contracts
from dataflix.settings import PROJECT, Settings

USERS = yaml.safe_load((PROJECT / "clickhouse" / "roles.yml").read_text(encoding="utf-8"))["users"]
READERS = ["verifier", "superset", "api"]
_COLUMNS = re.compile(r"\(([^)]*)\)")


def rights(user: str) -> list[tuple[set[str], str]]:
    """Each grant as the set of its rights, whatever the columns, and what they are on."""
    split = (_COLUMNS.sub("", grant).rsplit(" ON ", 1) for grant in USERS[user]["grants"])
    return [(set(names.split(", ")), target) for names, target in split]


def test_every_user_has_a_client_and_a_password_in_the_settings() -> None:
    assert set(USERS) == set(ClickHouseUser)
    for name, user in USERS.items():
        assert user["description"]
        assert user["password_setting"] == f"clickhouse_{name}_password"
        assert user["password_setting"] in Settings.model_fields


@pytest.mark.parametrize("user", READERS)
def test_who_only_reads_can_only_read(user: str) -> None:
    assert all(names == {"SELECT"} for names, _ in rights(user))


def test_only_admin_may_stop_queries_of_others_and_nobody_may_do_everything() -> None:
    for user in USERS:
        for names, target in rights(user):
            assert "ALL" not in names
            assert "SYSTEM SHUTDOWN" not in names
            assert user == "admin" or "KILL QUERY" not in names
            if names & {"SELECT", "INSERT", "DROP", "ALTER"}:
                benchmarks = "|bench_raw|bench_analytics" if user == "admin" else ""
                assert re.match(rf"(raw|analytics|pipeline|system{benchmarks})\.", target)


def test_beside_admin_the_worker_alone_writes_raw_rows_and_the_eraser_deletes_them() -> None:
    writers = {
        user for user in USERS for names, target in rights(user) if target.startswith("raw.") and names - {"SELECT"}
    }
    assert writers == {"admin", "worker", "eraser"}
    assert all(names <= {"SELECT", "ALTER DELETE"} for names, _ in rights("eraser"))


def test_dashboards_read_no_raw_table_and_cannot_lift_their_bounds() -> None:
    assert {target for _, target in rights("superset")} == {"analytics.*"}
    bounds = USERS["superset"]["settings"]
    assert bounds["readonly"] == 1
    assert {"max_execution_time", "max_result_rows", "max_memory_usage"} <= bounds.keys()


def test_histories_are_read_without_a_column_that_is_personal_or_masked() -> None:
    contracts = load_contracts(PROJECT / "contracts")
    for grant in USERS["api"]["grants"]:
        [columns], name = _COLUMNS.findall(grant), grant.rpartition("raw.")[2]
        asked = {column for column in columns.split(", ") if not column.startswith("_")}
        table = contracts.table(name)
        assert asked <= table.by_name.keys()
        assert not any(table.by_name[column].mask for column in asked)
        assert name != "users" or asked == {"user_id"}


def test_whoever_keeps_history_writes_one_table_of_it() -> None:
    assert rights("watcher") == [({"INSERT"}, "pipeline.readings")]
    assert [right for right in rights("training") if "SELECT" not in right[0]] == [
        ({"INSERT"}, "pipeline.measurements")
    ]
