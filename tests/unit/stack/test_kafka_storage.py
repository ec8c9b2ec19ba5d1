"""How the storage of the broker is formatted."""

import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from dataflix.settings import Settings
from stack.home import Home
from stack.servers import kafka


def test_a_cluster_id_that_begins_with_a_dash_does_not_pass_for_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(bytes=b"\xf8" * 16))
    monkeypatch.setattr(subprocess, "run", run)
    kafka.prepare(Home(Settings(home=tmp_path, runtime=tmp_path / "runtime")))
    assert [part for part in commands[0] if "cluster-id" in part] == [f"--cluster-id={'-Pj4' * 5}-A"]
