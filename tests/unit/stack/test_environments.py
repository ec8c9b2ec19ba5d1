"""Making environments: when they are made anew, what the installer is told, what goes wrong."""

import os
from pathlib import Path

import pytest

from stack import environments
from stack.environments import InstallationFailed


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
    assert not environments.is_complete(environment, lock)
    environments._mark(environment, lock)
    assert environments.is_complete(environment, lock)


def test_a_changed_lock_or_a_lost_interpreter_makes_it_incomplete(environment: Path, lock: Path) -> None:
    environments._mark(environment, lock)
    lock.write_text("a==2\n")
    assert not environments.is_complete(environment, lock)
    environments._mark(environment, lock)
    (environment / "bin" / "python").unlink()
    assert not environments.is_complete(environment, lock)


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
    assert environments.uv_settings(listed, {}) == {
        "UV_DEFAULT_INDEX": "https://a.example/simple",
        "UV_INDEX": "https://b.example/simple https://c.example/simple",
        "UV_FIND_LINKS": str(tmp_path),
        "SSL_CERT_FILE": str(certificates),
    }


def test_what_uv_is_told_directly_stands() -> None:
    told = environments.uv_settings(
        "global.index-url='https://a.example/simple'\n", {"UV_DEFAULT_INDEX": "https://own"}
    )
    assert told == {}


def test_too_little_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "NEEDED_GB", 1e9)
    with pytest.raises(InstallationFailed, match=r"Installing needs .* GB of disk, and .* GB free\. Make room"):
        environments._check_disk(tmp_path)


def test_an_installer_that_fails_is_a_sentence_with_its_last_lines(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InstallationFailed, match=r"(?s)It was not installed\.\nno route to host"):
        environments._run(["/bin/sh", "-c", "echo no route to host >&2; exit 2"], "It was not installed.", os.environ)
    assert capfd.readouterr().err == ""
