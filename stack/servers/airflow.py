"""Airflow 3 in an environment of its own: api-server, scheduler, dag-processor and triggerer as separate processes.

``airflow standalone`` would start the same four and leave them behind when it is ended.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dataflix.settings import PROJECT
from stack.digests import digest
from stack.environments import REQUIREMENTS, ensure
from stack.health import document
from stack.home import Home, write_private
from stack.preparation import Preparation
from stack.service import Unhealthy

ENVIRONMENT = "airflow"
ROLE = "dataflix_airflow"
DATABASE = "airflow"
USER = "admin"
CODE = PROJECT / "airflow"
LOCK = REQUIREMENTS / f"{ENVIRONMENT}.lock"


def folder(home: Home) -> Path:
    """What Airflow writes besides its database."""
    return home.folder / "airflow"


def _program(home: Home) -> Path:
    return home.runtime / ENVIRONMENT / "bin" / "airflow"


def command(home: Home, *arguments: str) -> Sequence[str | Path]:
    """The command that runs one of its parts."""
    return (_program(home), *arguments)


def environment(home: Home) -> Mapping[str, str]:
    """Its whole configuration; credentials stay off the command line."""
    settings = home.settings
    own = folder(home)
    # A Fernet key is 32 bytes in base 64; what `up` generates is a text of its own length
    fernet = hashlib.sha256(settings.airflow_fernet_secret_key.get_secret_value().encode()).digest()
    sections: dict[str, dict[str, str]] = {
        "core": {
            "dags_folder": str(CODE / "dags"),
            "plugins_folder": str(CODE / "plugins"),
            "load_examples": "False",
            "dags_are_paused_at_creation": "False",
            "executor": "LocalExecutor",
            "parallelism": "4",
            "fernet_key": base64.urlsafe_b64encode(fernet).decode(),
            "execution_api_server_url": f"{settings.airflow.url}/execution/",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": str(_passwords(home)),
            "default_timezone": "utc",
            "dagbag_import_timeout": "120",
        },
        "database": {
            "sql_alchemy_conn": settings.postgres_uri("psycopg2", ROLE, settings.postgres_airflow_password, DATABASE),
            "sql_alchemy_pool_size": "3",
        },
        "api": {
            "host": settings.airflow.host,
            "port": str(settings.airflow.port),
            "base_url": settings.airflow.url,
            "workers": "1",
            "secret_key": settings.airflow_jwt_secret_key.get_secret_value(),
        },
        "api_auth": {"jwt_secret": settings.airflow_jwt_secret_key.get_secret_value()},
        "logging": {"base_log_folder": str(own / "logs"), "namespace_levels": "httpx=WARNING"},
        "scheduler": {
            "enable_health_check": "False",
            # A scheduler that was killed: the next one takes its tasks up within a minute, not after five
            "orphaned_tasks_check_interval": "20",
            # A run is a chain of short tasks, and each waits for the scheduler's next look
            "scheduler_idle_sleep_time": "0.5",
        },
        # So late a task's end is seen when its last word came first, and until then it holds one of the places
        "workers": {"min_heartbeat_interval": "1"},
        "dag_processor": {"refresh_interval": "30", "min_file_process_interval": "60", "parsing_processes": "1"},
        "usage_data_collection": {"enabled": "False"},
        "cosmos": {"enable_telemetry": "False", "cache_dir": str(own / "cosmos"), "propagate_logs": "True"},
    }
    configured = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": value
        for section, values in sections.items()
        for name, value in values.items()
    }
    return configured | {
        "AIRFLOW_HOME": str(own),
        # Titles of processes leave their environment alone: by it, what outlives the supervisor is found again
        "SPT_NOENV": "1",
        # The folder airflow/ of the project is no package, and must not be looked into for one
        "PYTHONPATH": "",
        "DATAFLIX_TRANSFORM_MINUTES": str(settings.transform_minutes),
        "DATAFLIX_TASK_RETRIES": str(settings.task_retries),
        "DATAFLIX_TASK_RETRY_SECONDS": str(settings.task_retry_seconds),
        "DATAFLIX_WEBHOOK_URL": settings.webhook_url,
    }


def _passwords(home: Home) -> Path:
    return folder(home) / "passwords.json"


def prepare(home: Home) -> None:
    """Make its environment and its folder, and write the password of its one user. Raises InstallationFailed."""
    ensure(ENVIRONMENT, home.runtime)
    folder(home).mkdir(mode=0o700, exist_ok=True)
    write_password(home)


def write_password(home: Home) -> None:
    """Tell Airflow the password of its one user."""
    write_private(_passwords(home), json.dumps({USER: home.settings.airflow_admin_password.get_secret_value()}))


def migrate(home: Home) -> None:
    """Bring Airflow's database up to its release; at once where that was done. Raises StepFailed."""
    prepare(home)
    Preparation(
        failure="Airflow's database could not be brought up to date",
        command=command(home, "db", "migrate"),
        environment=environment(home),
        folder=folder(home),
        log=home.logs / "airflow-migrate.log",
        mark=folder(home) / "migrated-with",
        made_from=digest((LOCK, home.secrets_file)),
    ).run()


def part_is_well(home: Home, part: str) -> Callable[[], None]:
    """Healthy is: the api-server has heard the heart of ``part`` beat."""

    def check() -> None:
        told = document(home.settings.airflow, "/api/v2/monitor/health")
        status = (told.get(part) or {}).get("status")
        if status != "healthy":
            raise Unhealthy(f"is {status or 'not heard of'} as Airflow tells")

    return check
