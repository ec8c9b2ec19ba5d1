"""Making environments: where they go, when they are made anew, what the installer is told."""

import ast
import os
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


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "app.lock"
    path.write_text("a==1\n")
    return path


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    return folder


def test_an_environment_is_complete_once_it_is_marked_with_its_lock(environment: Path, lock: Path) -> None:
    assert not bootstrap.is_complete(environment, lock)
    bootstrap._mark(environment, lock)
    assert bootstrap.is_complete(environment, lock)


def test_a_changed_lock_or_a_lost_interpreter_makes_it_incomplete(environment: Path, lock: Path) -> None:
    bootstrap._mark(environment, lock)
    lock.write_text("a==2\n")
    assert not bootstrap.is_complete(environment, lock)
    bootstrap._mark(environment, lock)
    (environment / "bin" / "python").unlink()
    assert not bootstrap.is_complete(environment, lock)


def test_the_index_that_pip_is_told_is_told_to_uv(tmp_path: Path) -> None:
    certificates = tmp_path / "ca.pem"
    certificates.touch()
    listed = f"""\
:env:.extra-index-url='https://b.example/simple https://c.example/simple'
global.cert='{certificates}'
global.index-url='https://a.example/simple'
global.find-links='{tmp_path}\\n{tmp_path}/missing'
freeze.timeout='10'
"""
    assert bootstrap.uv_settings(listed, {}) == {
        "UV_DEFAULT_INDEX": "https://a.example/simple",
        "UV_INDEX": "https://b.example/simple https://c.example/simple",
        "UV_FIND_LINKS": str(tmp_path),
        "SSL_CERT_FILE": str(certificates),
    }


def test_what_uv_is_told_directly_stands() -> None:
    told = bootstrap.uv_settings("global.index-url='https://a.example/simple'\n", {"UV_DEFAULT_INDEX": "https://own"})
    assert told == {}


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


def test_too_little_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "NEEDED_GB", 1e9)
    with pytest.raises(bootstrap.BootstrapFailed, match=r"Installing needs .* GB of disk, and .* GB free\. Make room"):
        bootstrap._check_disk(tmp_path)


def test_an_installer_that_fails_is_a_sentence_with_its_last_lines(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(bootstrap.BootstrapFailed, match=r"(?s)It was not installed\.\nno route to host"):
        bootstrap._run(["/bin/sh", "-c", "echo no route to host >&2; exit 2"], "It was not installed.", os.environ)
    assert capfd.readouterr().err == ""


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


def test_importing_the_bootstrap_takes_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(bootstrap.__file__).read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    own = {"dataflix.errors"}
    assert {name for name in imported - own if name.split(".")[0] not in sys.stdlib_module_names} == set()
    errors = ast.parse((bootstrap.PROJECT / "dataflix" / "errors.py").read_text())
    assert not [node for node in ast.walk(errors) if isinstance(node, ast.Import | ast.ImportFrom)]
