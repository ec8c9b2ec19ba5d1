"""`docs` writes what is stale, removes what is left over, and --check only tells."""

import shutil
from pathlib import Path

import pytest

from dataflix.settings import PROJECT
from events.commands import docs as command
from events.errors import StaleDocuments

GENERATED = ("alerts.yml", "events.md", "observability.md", "asyncapi.json", "schemas")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which nothing was generated yet."""
    shutil.copytree(PROJECT / "docs" / "examples", tmp_path / "docs" / "examples")
    monkeypatch.setattr(command, "PROJECT", tmp_path)
    monkeypatch.setenv("DATAFLIX_HOME", str(tmp_path / "home"))
    return tmp_path


def test_what_is_missing_or_stale_is_written(project: Path) -> None:
    with pytest.raises(StaleDocuments, match=r"docs/events\.md"):
        command.docs(check=True)
    assert not (project / "docs" / "events.md").exists()
    command.docs()
    command.docs(check=True)
    assert {path.name for path in (project / "docs").iterdir()} == {*GENERATED, "examples"}
    (project / "docs" / "events.md").write_text("stale")
    with pytest.raises(StaleDocuments, match=r"^docs/events\.md: not what contracts and metrics say"):
        command.docs(check=True)


def test_the_schema_of_a_table_without_a_contract_is_removed(project: Path) -> None:
    command.docs()
    left_over = project / "docs" / "schemas" / "masked.tags.value.json"
    left_over.write_text("{}")
    with pytest.raises(StaleDocuments, match=r"masked\.tags\.value\.json"):
        command.docs(check=True)
    command.docs()
    assert not left_over.exists()
