"""The users of the embedded ClickHouse."""

import hashlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from pydantic import SecretStr

from dataflix.errors import SettingsError
from dataflix.settings import Settings
from stack.home import Home
from stack.servers.clickhouse import ROLES, server_configuration, users_configuration

PASSWORDS = {
    f"clickhouse_{user}_password": SecretStr(f"of {user}") for user in yaml.safe_load(ROLES.read_text())["users"]
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(Settings(home=tmp_path, port_offset=10, **PASSWORDS))  # type: ignore[arg-type]


def test_each_user_of_the_roles_has_its_grants_and_a_hashed_password(home: Home) -> None:
    users = ET.fromstring(users_configuration(home)).find("users")  # noqa: S314 - our own
    assert users is not None
    for name, role in yaml.safe_load(ROLES.read_text())["users"].items():
        user = users.find(name)
        assert user is not None
        assert user.findtext("password_sha256_hex") == hashlib.sha256(f"of {name}".encode()).hexdigest()
        assert [query.text for query in user.iter("query")] == [f"GRANT {grant}" for grant in role["grants"]]
    assert "of worker" not in users_configuration(home)


def test_a_user_with_settings_has_a_profile_of_its_own_over_the_one_that_all_share(home: Home) -> None:
    configuration = ET.fromstring(users_configuration(home))  # noqa: S314 - our own
    assert configuration.findtext("users/worker/profile") == "default"
    assert configuration.findtext("users/superset/profile") == "superset"
    profile = configuration.find("profiles/superset")
    assert profile is not None
    assert profile.findtext("profile") == "default"
    assert profile.findtext("readonly") == "1"


def test_the_user_without_a_password_can_open_the_listeners_and_nothing_else(home: Home) -> None:
    default = ET.fromstring(users_configuration(home)).find("users/default")  # noqa: S314 - our own
    assert default is not None
    assert [query.text for query in default.iter("query")] == [
        "GRANT SYSTEM LISTEN ON *.*",
        "GRANT SELECT ON system.numbers",
    ]
    assert [ip.text for ip in default.iter("ip")] == ["127.0.0.1"]


def test_a_password_that_is_not_set_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="clickhouse_admin_password, which is not set"):
        users_configuration(Home(Settings(home=tmp_path)))


def test_the_server_listens_where_the_settings_say_and_reads_no_file_of_the_machine(home: Home, tmp_path: Path) -> None:
    configuration = ET.fromstring(server_configuration(home))  # noqa: S314 - our own
    assert configuration.findtext("listen_host") == "127.0.0.1"
    assert (configuration.findtext("http_port"), configuration.findtext("tcp_port")) == ("8133", "9010")
    assert str(configuration.findtext("user_files_path")).startswith(str(tmp_path))
