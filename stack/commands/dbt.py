"""``bin/dataflix dbt``."""

import os
import sys

import typer

from dataflix.settings import PROJECT, Settings
from stack.home import open_home

_PROJECT = PROJECT / "dbt"


def connection(settings: Settings) -> dict[str, str]:
    """What the profile reads (dbt/profiles.yml)."""
    # dbt's adapter has no setting for who signed the certificate: Python's own takes it
    trusted = {"SSL_CERT_FILE": str(settings.clickhouse_ca_file)} if settings.clickhouse_ca_file else {}
    return trusted | {
        "DATAFLIX_DBT_HOST": settings.clickhouse.host,
        "DATAFLIX_DBT_PORT": str(settings.clickhouse.port),
        "DATAFLIX_DBT_SECURE": str(settings.clickhouse_secure),
        "DATAFLIX_DBT_USER": "dbt",
        "DATAFLIX_DBT_PASSWORD": settings.clickhouse_dbt_password.get_secret_value(),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def environment(settings: Settings) -> dict[str, str]:
    """What the profile reads, and where dbt writes."""
    folder = settings.home / "dbt"
    return connection(settings) | {
        "DBT_PROJECT_DIR": str(_PROJECT),
        "DBT_PROFILES_DIR": str(_PROJECT),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_USE_COLORS": str(sys.stdout.isatty()).lower(),
    }


def dbt(context: typer.Context) -> None:
    """Run dbt on the marts of this home: `dbt build`, `dbt test`, `dbt docs generate` …"""
    command = [sys.executable, "-m", "dbt.cli.main", *context.args]
    os.execve(sys.executable, command, os.environ | environment(open_home().settings))  # noqa: S606
