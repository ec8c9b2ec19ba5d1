"""A home: what it remembers, its credentials, who may read them."""

import stat
from pathlib import Path

import pytest

from dataflix.errors import SettingsError
from dataflix.settings import SECRETS_FILE, SETTINGS_FILE, Settings
from stack.errors import HomeBusy
from stack.home import Home, generated_secrets, prepare_home, read_env, with_masking_key

CREDENTIALS = [name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("DATAFLIX_HOME", str(folder))
    return folder


def test_every_credential_is_generated_except_those_that_a_person_chooses() -> None:
    generated = generated_secrets({})
    chosen = {"masking_key", "api_token"}
    assert set(generated) == {f"DATAFLIX_{name.upper()}" for name in CREDENTIALS if name not in chosen}
    assert len(set(generated.values())) == len(generated)
    assert all(len(value) >= 32 for value in generated.values())


def test_a_credential_that_is_there_is_kept(folder: Path) -> None:
    prepare_home(None, {})
    first = read_env(folder / SECRETS_FILE)
    prepare_home(None, {})
    assert read_env(folder / SECRETS_FILE) == first


def test_credentials_and_settings_are_for_the_owner_only(folder: Path) -> None:
    prepare_home(None, {})
    for name in (SECRETS_FILE, SETTINGS_FILE):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    for name in ("logs", "supervisor"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o700


def test_the_port_offset_is_remembered() -> None:
    assert prepare_home(700, {}).settings.port_offset == 700
    assert prepare_home(None, {}).settings.port_offset == 700


def test_ports_and_hosts_of_the_first_start_are_remembered(folder: Path) -> None:
    prepare_home(None, {"DATAFLIX_API_PORT": "7000", "DATAFLIX_KAFKA_HOST": "::1", "DATAFLIX_LOG_LEVEL": "DEBUG"})
    assert read_env(folder / SETTINGS_FILE) == {"DATAFLIX_API_PORT": "7000", "DATAFLIX_KAFKA_HOST": "::1"}


def test_nothing_optional_is_remembered_as_well_as_something() -> None:
    assert prepare_home(None, {"DATAFLIX_OPTIONAL": "airflow"}).settings.optional == "airflow"
    assert prepare_home(None, {}).settings.optional == "airflow"
    assert prepare_home(None, {"DATAFLIX_OPTIONAL": ""}).settings.optional == ""


def test_a_line_that_a_person_adds_to_the_settings_stands(folder: Path) -> None:
    prepare_home(5, {})
    with (folder / SETTINGS_FILE).open("a") as file:
        file.write(f"DATAFLIX_CONTRACTS={folder}/contracts\n")
    assert prepare_home(None, {}).settings.contracts == folder / "contracts"


def test_a_value_that_an_env_file_cannot_hold_is_refused() -> None:
    with pytest.raises(SettingsError, match="DATAFLIX_API_HOST holds a quote"):
        prepare_home(None, {"DATAFLIX_API_HOST": "a'b"})


def test_the_masking_key_of_the_first_start_is_kept(folder: Path) -> None:
    prepare_home(None, {"DATAFLIX_MASKING_KEY": "k1"})
    prepare_home(None, {})
    assert read_env(folder / SECRETS_FILE)["DATAFLIX_MASKING_KEY"] == "k1"


@pytest.mark.parametrize("present", [{"DATAFLIX_MASKING_KEY": "k1", "DATAFLIX_X": "y"}, {"DATAFLIX_X": "y"}])
def test_another_masking_key_on_a_later_start_is_refused(present: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="not the key of this home"):
        with_masking_key(present, {"DATAFLIX_MASKING_KEY": "k2"})


def test_a_home_remembers_what_was_brought_about() -> None:
    home = prepare_home(None, {})
    assert not home.state().loaded
    home.record_started("kafka", "d1")
    home.record_started("api", "d2")
    home.record_loaded("schema", "marts")
    state = home.state()
    assert (state.loaded, state.schema, state.marts) == (True, "schema", "marts")
    assert state.started_with == {"kafka": "d1", "api": "d2"}


def test_one_command_at_a_time_changes_what_runs() -> None:
    home = prepare_home(None, {})
    with home.held(), pytest.raises(HomeBusy, match="Another dataflix command"), Home(home.settings).held():
        raise AssertionError
    with home.held():
        pass
