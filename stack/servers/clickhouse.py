"""ClickHouse's own server out of the ``chdb-core`` wheel: configuration, and users from ``clickhouse/roles.yml``."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import yaml
from pydantic import SecretStr

from dataflix.errors import SettingsError
from dataflix.settings import PROJECT, Settings
from stack.home import PREFIX, Home, write_private

ROLES = PROJECT / "clickhouse" / "roles.yml"
MEMORY_BYTES = 1_500_000_000
_LOG_DAYS = 3


def command(home: Home) -> Sequence[str | Path]:
    """The command that runs the server."""
    return home.python, "-m", "stack.servers.clickhouse_server", _folder(home)


def _folder(home: Home) -> Path:
    return home.folder / "clickhouse"


def configuration(home: Home) -> tuple[Path, ...]:
    """The files that it reads when it starts."""
    return _folder(home) / "config.xml", _folder(home) / "users.xml", Path(__file__).with_name("clickhouse_server.py")


def _fill(parent: ET.Element, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        child = ET.SubElement(parent, name)
        if value is None:
            # Not as the file that this one is merged into has it
            child.set("remove", "remove")
        elif isinstance(value, Mapping):
            _fill(child, value)
        else:
            child.text = str(value)


def _xml(values: Mapping[str, Any]) -> str:
    root = ET.Element("clickhouse")
    _fill(root, values)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _bounds() -> dict[str, Any]:
    """What holds wherever the server runs: bounded memory, small pools, a query log of a few days."""
    log = {
        "database": "system",
        "flush_interval_milliseconds": 7500,
        "ttl": f"event_date + INTERVAL {_LOG_DAYS} DAY DELETE",
    }
    return {
        "max_server_memory_usage": MEMORY_BYTES,
        "mark_cache_size": 64 << 20,
        "uncompressed_cache_size": 0,
        "background_pool_size": 2,
        "background_schedule_pool_size": 8,
        "background_common_pool_size": 2,
        "background_fetches_pool_size": 1,
        "background_move_pool_size": 1,
        "background_buffer_flush_schedule_pool_size": 1,
        "background_message_broker_schedule_pool_size": 1,
        "background_distributed_schedule_pool_size": 1,
        "merge_tree": {
            "number_of_free_entries_in_pool_to_lower_max_size_of_merge": 1,
            "number_of_free_entries_in_pool_to_execute_mutation": 1,
            "number_of_free_entries_in_pool_to_execute_optimize_entire_partition": 1,
        },
        "query_log": {"table": "query_log"} | log,
    }


def server_configuration(home: Home) -> str:
    """``config.xml``: loopback only."""
    settings = home.settings
    folder = _folder(home)
    return _xml(
        {
            "listen_host": settings.clickhouse.host,
            "http_port": settings.clickhouse.port,
            "tcp_port": settings.clickhouse_native.port,
            "users_config": "users.xml",
            "user_files_path": f"{folder / 'user_files'}/",
            "tmp_path": f"{folder / 'tmp'}/",
            # clickhouse-local's name for the level; `logger.level` alone leaves it at trace, which logs every query
            "log-level": "warning",
            "logger": {"level": "warning", "console": "true"},
        }
        | _bounds()
    )


def container_server_configuration(settings: Settings) -> str:
    """What a container's own configuration is merged with: it answers its network, on two ports."""
    others = ("mysql_port", "postgresql_port", "interserver_http_port")
    return _xml(
        {
            "listen_host": "0.0.0.0",  # noqa: S104 - of a network without a way out
            "http_port": settings.clickhouse_port,
            "tcp_port": settings.clickhouse_native_port,
            **dict.fromkeys(others),
            "logger": {"level": "warning", "console": "true", "log": None, "errorlog": None},
        }
        | _bounds()
    )


def _password(settings: Settings, setting: str) -> str:
    value = getattr(settings, setting, None)
    if not isinstance(value, SecretStr) or not value.get_secret_value():
        raise SettingsError(
            f"{ROLES.name} names the password setting {setting}, which is not set: start with `bin/dataflix up`."
        )
    return value.get_secret_value()


def _user(
    name: str, password: ET.Element, networks: str, grants: Sequence[str], profile: str = "default"
) -> ET.Element:
    user = ET.Element(name)
    user.append(password)
    ET.SubElement(ET.SubElement(user, "networks"), "ip").text = networks
    ET.SubElement(user, "profile").text = profile
    ET.SubElement(user, "quota").text = "default"
    given = ET.SubElement(user, "grants")
    for grant in grants:
        ET.SubElement(given, "query").text = f"GRANT {grant}"
    return user


def _element(tag: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.Element(tag, attributes)
    element.text = text
    return element


def _users(starter: ET.Element, password: Callable[[str], ET.Element]) -> str:
    """``users.xml``: the users of ``clickhouse/roles.yml``, their passwords as ``password`` makes them of a setting."""
    roles = yaml.safe_load(ROLES.read_text())["users"]
    profiles: dict[str, Any] = {"default": {"max_memory_usage": MEMORY_BYTES * 2 // 3, "max_threads": 2}}
    for name, role in roles.items():
        if "settings" in role:
            profiles[name] = {"profile": "default"} | role["settings"]
    root = ET.Element("clickhouse")
    _fill(root, {"profiles": profiles, "quotas": {"default": ""}})
    users = ET.SubElement(root, "users")
    users.append(starter)
    for name, role in roles.items():
        profile = name if name in profiles else "default"
        users.append(_user(name, password(role["password_setting"]), "::/0", role["grants"], profile))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def users_configuration(home: Home) -> str:
    """The users with the hashes of their passwords, and the one that opens the listeners.

    Raises SettingsError when a password is not set.
    """

    def hashed(setting: str) -> ET.Element:
        password = _password(home.settings, setting)
        return _element("password_sha256_hex", hashlib.sha256(password.encode()).hexdigest())

    # The server logs itself in as `default` to open its listeners, and can do nothing else with it
    grants = ["SYSTEM LISTEN ON *.*", "SELECT ON system.numbers"]
    return _users(_user("default", ET.Element("no_password"), "127.0.0.1", grants), hashed)


def container_users_configuration() -> str:
    """The users with their passwords out of the environment, in the place of the one without a password."""
    return _users(
        _element("default", remove="remove"),
        lambda setting: _element("password", from_env=f"{PREFIX}{setting.upper()}"),
    )


def prepare(home: Home) -> None:
    """Write the configuration, and the folders that the server wants to find."""
    folder = _folder(home)
    for name in ("", "data", "data/metadata", "user_files", "tmp"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    system = folder / "data" / "metadata" / "system.sql"
    if not system.exists():
        # Without this file the system database is another at each start, and its query log is lost
        system.write_text(f"ATTACH DATABASE _ UUID '{_SYSTEM_UUID}'\nENGINE = Atomic\n")
    write_private(folder / "config.xml", server_configuration(home))
    write_private(folder / "users.xml", users_configuration(home))


_SYSTEM_UUID = "6ee1b1f4-3a36-4c0b-8e7e-0d5fdd1c2a10"
