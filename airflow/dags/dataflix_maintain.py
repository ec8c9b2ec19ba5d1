"""Keeping house, once a day: does all agree, is anything stuck, old row versions, old snapshots, copies."""

from datetime import datetime

from airflow.sdk import DAG
from dataflix_tasks import ON_CONTAINERS, TASK_DEFAULTS, command

with DAG(
    "dataflix_maintain",
    description="Checks the stream and keeps house",
    doc_md=__doc__,
    schedule="15 4 * * *",
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - Airflow's own time zone, which is UTC
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["dataflix"],
):
    verify = command(
        "verify", "clickhouse verify --wait 120 --json", "Fails when source and raw differ by value, naming the keys."
    )
    dead_letters = command(
        "dead_letters",
        "stream_processors dlq list --expect-none",
        "Fails when a change waits unprocessed.",
    )
    merge = command("merge", "clickhouse merge", "Merges old versions of rows in raw. Marks of deletion stay.")
    snapshots = command("snapshots", "training expire-snapshots", "Removes old data sets of trainings.")
    if not ON_CONTAINERS:  # There Docker watches the services, and backups are the host's
        services = command(
            "services",
            "stack status --strict",
            "Fails when a service does not answer, or when slot, heartbeat, connector or lag is not as it should be.",
        )
        backup = command("backup", "stack backup", "Copies the catalogues, and removes old copies.")
    # What does not agree is looked into before anything of it is merged away
    verify >> merge
