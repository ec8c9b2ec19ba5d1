"""The commands do what their help says, twice in a row too, and refuse in sentences."""

import socket
from pathlib import Path

import pytest
from running_stack import Stack, patiently

from dataflix.settings import SECRETS_FILE


def test_status_tells_every_service_and_where_it_answers(stack: Stack) -> None:
    status = stack.status()
    assert {"name", "state", "address", "pid", "healthy"} <= set(status["services"][0])
    assert all(entry["healthy"] for entry in status["services"])
    assert {"api", "mlflow", "clickhouse", "kafka", "postgres", "s3", "connect"} <= set(status["urls"])


def test_up_again_changes_nothing(stack: Stack) -> None:
    before = {entry["name"]: entry["pid"] for entry in stack.status()["services"]}
    stack.must_run("up")
    assert {entry["name"]: entry["pid"] for entry in stack.status()["services"]} == before


def test_credentials_are_for_the_owner_only(stack: Stack) -> None:
    assert (stack.home / SECRETS_FILE).stat().st_mode & 0o077 == 0


def test_logs_are_shown_and_an_unknown_service_is_refused(stack: Stack) -> None:
    assert stack.must_run("logs", "worker").strip()
    refused = stack.run("logs", "wroker")
    assert refused.returncode == 2
    assert "wroker" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_restarted_service_has_a_new_process(stack: Stack) -> None:
    before = next(entry["pid"] for entry in stack.status()["services"] if entry["name"] == "api")
    stack.must_run("restart", "api")
    for attempt in patiently():
        with attempt:
            entry = next(entry for entry in stack.status()["services"] if entry["name"] == "api")
            assert entry["healthy"]
            assert entry["pid"] != before


def test_a_port_in_use_is_named_with_its_setting_and_the_way_out(stack: Stack, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = Stack(tmp_path / "home", stack.environment | {"DATAFLIX_HOME": str(tmp_path / "home")})
        other.environment["DATAFLIX_RUNTIME"] = str(stack.settings.runtime_folder)
        offset = stack.settings.port_offset + 50
        other.environment["DATAFLIX_API_PORT"] = str(port - offset)
        refused = other.run("up", "--port-offset", str(offset))
    assert refused.returncode != 0
    for part in (str(port), "DATAFLIX_API_PORT", "--port-offset"):
        assert part in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr


@pytest.mark.parametrize(
    "command",
    ["up", "down", "status", "logs", "restart", "train", "tune", "simulate", "import", "verify", "test", "dbt", "dlq"],
)
def test_every_command_has_help(stack: Stack, command: str) -> None:
    assert "Usage" in stack.must_run(command, "--help")


def test_a_folder_without_movielens_is_refused(stack: Stack, tmp_path: Path) -> None:
    refused = stack.run("import", "movielens", str(tmp_path))
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
