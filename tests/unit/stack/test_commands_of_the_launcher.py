"""The launcher's commands: help, and refusals in sentences."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dataflix.settings import PROJECT
from stack.__main__ import app


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"DATAFLIX_HOME": str(home), "PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "stack", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "up",
        "down",
        "status",
        "logs",
        "restart",
        "import",
        "masking",
        "masking rotate",
        "test",
        "lock",
        "run",
        "backup",
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    explained = CliRunner().invoke(app, [*command.split(), "--help"])
    assert explained.exit_code == 0
    assert "Usage" in explained.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("up", "--only", "nothing"), 2, "no service 'nothing'"),
        (("logs", "wroker"), 2, "no service 'wroker'"),
        (("up", "--with", "airship"), 2, "nothing optional called 'airship': choose from airflow"),
        (("up", "--without", "airship"), 2, "nothing optional called 'airship': choose from airflow"),
        (("up", "--with", "docs", "--without", "docs"), 2, "docs cannot be run and stopped at the same time"),
        (("superset", "check"), 2, "start it with `bin/dataflix up --with superset`"),
        (("run", "transform"), 2, "start it with `bin/dataflix up --with airflow`"),
        (("restart", "kafka"), 1, "Nothing runs in"),
        (("verify",), 1, "postgres does not run"),
        (("masking", "rotate"), 1, "postgres does not run"),
        (("down", "--purge"), 2, "is not a home of Dataflix"),
    ],
)
def test_a_refusal_is_a_sentence_and_leaves_no_home(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    refused = run(tmp_path, *arguments)
    assert refused.returncode == code
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_status_of_a_home_that_never_ran_is_all_stopped(tmp_path: Path) -> None:
    status = run(tmp_path, "status")
    assert status.returncode == 1
    assert status.stdout.count("does not run") == 9
