"""ClickHouse's own server out of the ``chdb-core`` wheel: configuration, and users from ``clickhouse/roles.yml``."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import yaml
from pydantic import SecretStr

from dataflix.errors import SettingsError
from dataflix.settings import PROJECT
from stack.home import Home, write_private

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
        if isinstance(value, Mapping):
            _fill(child, value)
        else:
            child.text = str(value)


def _xml(values: Mapping[str, Any]) -> str:
    root = ET.Element("clickhouse")
    _fill(root, values)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def server_configuration(home: Home) -> str:
    """``config.xml``: loopback only, bounded memory, small pools, query log of a few days."""
    settings = home.settings
    folder = _folder(home)
    log = {
        "database": "system",
        "flush_interval_milliseconds": 7500,
        "ttl": f"event_date + INTERVAL {_LOG_DAYS} DAY DELETE",
    }
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
    )


def _password(settings: Any, setting: str) -> str:
    value = getattr(settings, setting, None)
    if not isinstance(value, SecretStr) or not value.get_secret_value():
        raise SettingsError(
            f"{ROLES.name} names the password setting {setting}, which is not set: start with `bin/dataflix up`."
        )
    return value.get_secret_value()


def _user(password: str | None, grants: Sequence[str], profile: str = "default") -> ET.Element:
    user = ET.Element("user")
    if password is None:
        ET.SubElement(user, "no_password")
    else:
        ET.SubElement(user, "password_sha256_hex").text = hashlib.sha256(password.encode()).hexdigest()
    networks = ET.SubElement(user, "networks")
    ET.SubElement(networks, "ip").text = "127.0.0.1" if password is None else "::/0"
    ET.SubElement(user, "profile").text = profile
    ET.SubElement(user, "quota").text = "default"
    given = ET.SubElement(user, "grants")
    for grant in grants:
        ET.SubElement(given, "query").text = f"GRANT {grant}"
    return user


def users_configuration(home: Home) -> str:
    """``users.xml``: the users of ``clickhouse/roles.yml``, passwords hashed, and the one that opens the listeners.

    Raises SettingsError when a password is not set.
    """
    roles = yaml.safe_load(ROLES.read_text())
    bounds = {name: role["settings"] for name, role in roles["users"].items() if "settings" in role}
    root = ET.Element("clickhouse")
    _fill(
        root,
        {
            "profiles": {"default": {"max_memory_usage": MEMORY_BYTES * 2 // 3, "max_threads": 2}}
            | {name: {"profile": "default"} | settings for name, settings in bounds.items()},
            "quotas": {"default": ""},
        },
    )
    users = ET.SubElement(root, "users")
    # The server logs itself in as `default` to open its listeners, and can do nothing else with it
    starter = _user(None, ["SYSTEM LISTEN ON *.*", "SELECT ON system.numbers"])
    starter.tag = "default"
    users.append(starter)
    for name, role in roles["users"].items():
        profile = name if name in bounds else "default"
        user = _user(_password(home.settings, role["password_setting"]), role["grants"], profile)
        user.tag = name
        users.append(user)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


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
