"""What holds for a change on the embedded stack holds on containers: the same tests, on the other stack."""

import json
import re

from containers import Containers
from running_stack import patiently
from test_live_path import (  # noqa: F401 - found here by pytest
    test_a_champion_promoted_later_is_served_without_a_restart,
    test_a_delete_at_the_source_removes_the_row_and_brings_the_movie_back,
    test_a_rating_over_rest_reaches_raw_and_changes_the_list,
    test_a_watched_movie_is_not_recommended,
    test_an_update_replaces_the_row_in_raw,
    test_people_with_different_tastes_get_different_lists,
    test_the_marts_hold_what_dbt_makes_of_raw,
    test_unknown_people_and_bad_input_are_problems_not_crashes,
    test_who_waits_for_their_own_write_gets_a_list_that_counts_it,
)
from test_privacy import (  # noqa: F401
    PERSONAL,
    person,
    test_john_doe_of_the_sample_is_masked,
    test_no_clickhouse_table_holds_personal_values,
    test_raw_holds_the_masked_person,
)


def test_a_new_person_is_told_on_the_masked_topic(stack: Containers) -> None:
    user = stack.sign_up(first_name="Containa")
    [worker] = stack.containers("worker")
    tail = ("timeout", "20", "python", "-m", "events", "tail", "masked.users", "--from-beginning", "--json")
    for attempt in patiently(300):
        with attempt:
            said = stack.daemon.docker("exec", worker.name, *tail, check=False).stdout
            values = [json.loads(line)["value"] or {} for line in said.splitlines()]
            [row] = [value for value in values if value.get("user_id") == user]
    assert row["first_name"] == "C" + "*" * 7
    assert re.fullmatch("[0-9a-f]{16}", row["email"])


def test_no_container_logs_personal_values(stack: Containers, person: int) -> None:  # noqa: F811
    for container in stack.containers():
        assert not PERSONAL.search(stack.logs(container).encode()), container.name


def test_source_and_raw_agree_by_value(stack: Containers) -> None:
    assert json.loads(stack.must_run("verify", "--json"))["equal"] is True


def test_the_source_is_copied_by_the_tools_of_its_container(stack: Containers) -> None:
    dump = "PGPASSWORD=$POSTGRES_PASSWORD pg_dump -h 127.0.0.1 -U dataflix_admin dataflix"
    copy = stack.compose("exec", "-T", "postgres", "sh", "-c", dump).stdout
    assert "COPY public.ratings " in copy
