"""What the launcher answers by itself, and what it starts programs with."""

import ast
import stat
import sys
from pathlib import Path

import pytest

from stack import bootstrap


def test_the_launcher_parses_on_an_old_python_so_that_it_can_say_what_it_needs() -> None:
    source = (bootstrap.PROJECT / "bin" / "dataflix").read_text()
    ast.parse(source, feature_version=(3, 4))
    assert "sys.version_info < (3, 11)" in source


def test_the_launcher_can_be_run() -> None:
    assert (bootstrap.PROJECT / "bin" / "dataflix").stat().st_mode & stat.S_IXUSR


def test_state_lives_in_the_project_unless_a_home_is_named(tmp_path: Path) -> None:
    assert bootstrap.home_folder({}) == bootstrap.PROJECT / ".dataflix"
    assert bootstrap.home_folder({"DATAFLIX_HOME": str(tmp_path / "a" / "..")}) == tmp_path


def test_environments_live_in_the_home_where_it_was_started_with_or_where_the_variable_says(tmp_path: Path) -> None:
    assert bootstrap.runtime_folder(tmp_path, {}) == tmp_path / "runtime"
    (tmp_path / "settings.env").write_text(f"# told\nDATAFLIX_RUNTIME='{tmp_path}/shared'\n")
    assert bootstrap.runtime_folder(tmp_path, {}) == tmp_path / "shared"
    assert bootstrap.runtime_folder(tmp_path, {"DATAFLIX_RUNTIME": str(tmp_path / "own")}) == tmp_path / "own"


def test_programs_find_the_project_and_nothing_of_the_folder_that_they_are_started_in(tmp_path: Path) -> None:
    inherited = {"PYTHONPATH": "/else", "PYTHONHOME": "/x", "PYTHONDONTWRITEBYTECODE": "1"}
    environ = bootstrap.program_environment(tmp_path, tmp_path / "runtime", inherited)
    assert environ == {
        "DATAFLIX_HOME": str(tmp_path),
        "DATAFLIX_RUNTIME": str(tmp_path / "runtime"),
        "PYTHONPATH": str(bootstrap.PROJECT),
        "PYTHONSAFEPATH": "1",
        "PYTHONPYCACHEPREFIX": str(tmp_path / "runtime" / "bytecode"),
    }


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["--help"], 0, "usage: bin/dataflix up"),
        ([], 0, "usage: bin/dataflix up"),
        (["up", "--help"], 0, "usage: bin/dataflix up"),
        (["status"], 1, "Nothing is installed"),
        (["down"], 0, "Nothing is installed"),
    ],
)
def test_what_needs_no_environment_is_answered_without_one(
    command: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap._without_environment(command, tmp_path / "home") == code
    assert said in capsys.readouterr().err


def test_a_stack_that_was_started_is_stopped_with_an_environment(tmp_path: Path) -> None:
    (tmp_path / "supervisor").mkdir()
    assert bootstrap._without_environment(["down"], tmp_path) is None
    assert bootstrap._without_environment(["up"], tmp_path) is None


def test_what_runs_before_an_installation_takes_nothing_but_the_standard_library() -> None:
    own = ["stack.bootstrap", "stack.environments", "dataflix.errors"]
    for module in own:
        tree = ast.parse((bootstrap.PROJECT / f"{module.replace('.', '/')}.py").read_text())
        imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        others = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
        assert others <= set(own), module
