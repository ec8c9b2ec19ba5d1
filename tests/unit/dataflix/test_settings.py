"""Settings come from the environment over the files of the home."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from dataflix.errors import SettingsError
from dataflix.settings import SECRETS_FILE, SETTINGS_FILE, load_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATAFLIX_PORT_OFFSET", "DATAFLIX_RUNTIME", "DATAFLIX_API_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATAFLIX_HOME", str(tmp_path))
    return tmp_path


def test_a_fresh_home_has_the_documented_ports(home: Path) -> None:
    settings = load_settings()
    assert settings.home == home
    assert settings.api.url == "http://127.0.0.1:5002"
    assert str(settings.kafka) == "127.0.0.1:9092"


def test_one_offset_moves_every_port(home: Path) -> None:
    (home / SETTINGS_FILE).write_text("DATAFLIX_PORT_OFFSET=100\n")
    settings = load_settings()
    assert (settings.api.port, settings.postgres.port, settings.s3.port) == (5102, 5532, 9102)


def test_the_environment_wins_over_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / SETTINGS_FILE).write_text("DATAFLIX_API_PORT=7000\n")
    monkeypatch.setenv("DATAFLIX_API_PORT", "8000")
    assert load_settings().api.port == 8000


def test_a_credential_is_not_shown_when_settings_are_printed(home: Path) -> None:
    (home / SECRETS_FILE).write_text("DATAFLIX_POSTGRES_API_PASSWORD=opensesame\n")
    settings = load_settings()
    assert "opensesame" not in repr(settings)
    assert "password=opensesame" in settings.postgres_conninfo("dataflix_api", settings.postgres_api_password)


@pytest.mark.parametrize(("name", "value"), [("DATAFLIX_PORT_OFFSET", "many"), ("DATAFLIX_API_PORT", "x")])
def test_a_malformed_setting_is_named(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_a_port_that_leaves_the_range_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAFLIX_API_PORT", "30000")
    monkeypatch.setenv("DATAFLIX_PORT_OFFSET", "40000")
    with pytest.raises(SettingsError, match="DATAFLIX_API_PORT plus the port offset 40000"):
        load_settings()


def test_a_secret_may_be_a_file_and_wins_over_what_up_generated(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (home / SECRETS_FILE).write_text("DATAFLIX_KAFKA_SASL_PASSWORD=generated\nDATAFLIX_MASKING_KEY=generated\n")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "DATAFLIX_KAFKA_SASL_PASSWORD").write_text("out of a file\n")
    (home / SETTINGS_FILE).write_text(f"DATAFLIX_SECRETS={tmp_path / 'secrets'}\n")
    settings = load_settings()
    assert settings.kafka.password.get_secret_value() == "out of a file"
    assert settings.masking_key.get_secret_value() == "generated"
    monkeypatch.setenv("DATAFLIX_SECRETS", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="nowhere, which is no folder"):
        load_settings()


def test_encryption_is_told_to_every_client_of_postgresql(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAFLIX_POSTGRES_SSLMODE", "verify-full")
    monkeypatch.setenv("DATAFLIX_POSTGRES_CA_FILE", "/a folder/ca.pem")
    settings = load_settings()
    assert "sslmode='verify-full' sslrootcert='/a folder/ca.pem'" in settings.postgres_conninfo("a", SecretStr("b"))
    uri = settings.postgres_uri("psycopg", "a", SecretStr("b/c"), "d")
    assert uri == "postgresql+psycopg://a:b%2Fc@127.0.0.1:5432/d?sslmode=verify-full&sslrootcert=%2Fa+folder%2Fca.pem"


def test_a_log_level_is_taken_in_any_case_and_others_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home.exists()
    monkeypatch.setenv("DATAFLIX_LOG_LEVEL", "warning")
    assert load_settings().log_level == "WARNING"
    monkeypatch.setenv("DATAFLIX_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match="LOG_LEVEL"):
        load_settings()
