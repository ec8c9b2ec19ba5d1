"""`docker-compose --profile full up`: Superset and Airflow beside the core, with its rights and bounds."""

import re
from collections.abc import Iterator

import pytest
from containers import Containers
from images import size_of, targets
from running_stack import patiently
from test_rights_of_containers import (  # noqa: F401 - found here by pytest
    test_memory_and_processes_are_bounded,
    test_no_image_and_no_command_line_holds_a_credential,
    test_no_process_has_a_capability_or_can_gain_one,
    test_no_process_is_root,
    test_only_the_gateways_publish_ports_and_on_loopback,
    test_the_file_system_cannot_be_changed,
)

from stack.airflow_api import AirflowApi, AirflowAway
from stack.progress import Steps
from stack.superset.checking import check
from stack.superset.client import superset_api

# On two cores Airflow runs its tasks one after the other
A_RUN = 900


@pytest.fixture(scope="module")
def full(stack: Containers, steps: Steps) -> Iterator[Containers]:
    """The stack with what the profile adds, which is gone again afterwards."""
    added = targets("full")
    with steps.step("The images of the profile full"):
        stack.compose("build", *{target: service for service, target in added.items()}.values())
    for target in sorted(set(added.values())):
        steps.say(f"    {target}: {size_of(stack.daemon, target)} MB")
    try:
        with steps.step("Superset and Airflow"):
            stack.compose("--profile", "full", "up", "--detach", "--no-build")
            stack.settle()
        yield stack
    finally:
        stack.compose("rm", "--stop", "--force", *added, "gateway-full")


@pytest.fixture(scope="module")
def airflow(full: Containers) -> AirflowApi:
    """Airflow as its people reach it, through the gateway."""
    for attempt in patiently(60):
        with attempt:
            try:
                return AirflowApi(full.settings)
            except AirflowAway as away:
                raise AssertionError(str(away)) from away
    raise AssertionError


def test_every_chart_of_every_dashboard_gets_its_data(full: Containers) -> None:
    with superset_api(full.settings) as api:
        answers = check(api)
    assert len(answers) > 1
    for title, charts in answers.items():
        assert charts, title
        assert {name: answer.error for name, answer in charts.items() if answer.error} == {}, title
    assert sum(answer.rows for charts in answers.values() for answer in charts.values()) > 0


@pytest.mark.parametrize("dag", ["dataflix_transform", "dataflix_retrain", "dataflix_maintain"])
def test_a_dag_that_is_started_over_rest_ends_in_success(airflow: AirflowApi, dag: str) -> None:
    run = airflow.trigger(dag, {})
    for attempt in patiently(A_RUN):
        with attempt:
            try:
                now = airflow.run(run.dag, run.id)
            except AirflowAway as away:
                raise AssertionError(str(away)) from away
            assert now.has_ended, now.tasks
    assert now.state == "success", now.tasks
    assert set(now.tasks.values()) <= {"success", "skipped"}


def test_what_is_added_logs_no_credentials(full: Containers) -> None:
    secrets = re.findall(r"^DATAFLIX_\w+='?([^'\n]{32,})'?$", (full.home / ".env").read_text(), re.MULTILINE)
    assert len(secrets) > 10
    for container in full.containers(*targets("full")):
        said = full.logs(container)
        assert not [secret for secret in secrets if secret in said], container.name
