"""The key of a home changes once for each rotation, whatever interrupts it."""

import json
from pathlib import Path

import pytest

from dataflix.masking import PLAIN, key_id
from stack import masking_key
from stack.errors import BadInput
from stack.home import MASKING_KEY, Home, prepare_home, read_env
from stack.masking_key import begin, finish, last_rotation, present_key_id


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("DATAFLIX_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(MASKING_KEY, raising=False)
    return prepare_home(None, {})


def stored(home: Home) -> str:
    return read_env(home.secrets_file).get(MASKING_KEY, "")


def test_the_first_key_is_made_and_only_its_id_is_told(home: Home) -> None:
    before = read_env(home.secrets_file)
    assert present_key_id(home) == PLAIN
    rotation = begin(home, {})
    assert (rotation.previous, rotation.key_id) == (PLAIN, key_id(stored(home).encode()))
    assert len(stored(home)) >= 40
    assert stored(home) not in (home.folder / "masking.json").read_text()
    assert read_env(home.secrets_file) == before | {MASKING_KEY: stored(home)}
    assert home.secrets_file.stat().st_mode & 0o077 == 0


def test_an_interrupted_rotation_goes_on_with_the_same_key(home: Home) -> None:
    first = begin(home, {})
    assert last_rotation(home) == begin(home, {}) == first
    finish(home, first)
    assert begin(home, {}).previous == first.key_id


def test_the_key_of_the_environment_is_taken(home: Home) -> None:
    finish(home, begin(home, {MASKING_KEY: "chosen"}))
    assert stored(home) == "chosen"
    with pytest.raises(BadInput, match="the key that is in use"):
        begin(home, {MASKING_KEY: "chosen"})


def test_another_key_waits_until_the_rotation_is_finished(home: Home) -> None:
    begin(home, {MASKING_KEY: "chosen"})
    assert begin(home, {MASKING_KEY: "chosen"}).is_under_way
    with pytest.raises(BadInput, match="not finished"):
        begin(home, {MASKING_KEY: "another"})
    assert stored(home) == "chosen"


def test_a_rotation_that_ended_before_the_key_was_stored_counts_for_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(masking_key, "write_secrets", die)
        with pytest.raises(KeyboardInterrupt):
            begin(home, {})
    assert json.loads((home.folder / "masking.json").read_text())["finished_at"] is None
    assert last_rotation(home) is None
    assert begin(home, {}).previous == PLAIN
