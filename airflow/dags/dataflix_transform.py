"""The marts: is what they are made from fresh, then each dbt model and its tests, as a task each.

One `dbt build` makes them all, since starting dbt costs more than most of our models. The tasks of the models follow
it; one that is tried again runs its model alone.
"""

import os
from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode
from dataflix_tasks import HOME, MARTS, PROJECT, RUNTIME, TASK_DEFAULTS, command

DBT = PROJECT / "dbt"

with DAG(
    "dataflix_transform",
    description="Builds and tests the marts in ClickHouse",
    doc_md=__doc__,
    schedule=timedelta(minutes=int(os.environ.get("DATAFLIX_TRANSFORM_MINUTES", "15"))),
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - Airflow's own time zone, which is UTC
    catchup=False,
    max_active_runs=1,
    # The stream goes on meanwhile, and wants its part of the processor
    max_active_tasks=4,
    default_args=TASK_DEFAULTS,
    params={"full_refresh": Param(False, type="boolean", description="Build incremental models from nothing")},
    tags=["dataflix"],
):
    freshness = command(
        "freshness", "stack dbt source freshness", "Fails when the stream has not brought anything for too long."
    )
    models = DbtTaskGroup(
        group_id="models",
        # Written by every `dbt build`, the one of `bin/dataflix up` too
        project_config=ProjectConfig(dbt_project_path=DBT, manifest_path=HOME / "dbt" / "target" / "manifest.json"),
        profile_config=ProfileConfig(
            profile_name="dataflix", target_name="live", profiles_yml_filepath=DBT / "profiles.yml"
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER,
            dbt_executable_path=RUNTIME / "app" / "bin" / "dbt",
            invocation_mode=InvocationMode.SUBPROCESS,
        ),
        render_config=RenderConfig(load_method=LoadMode.DBT_MANIFEST, emit_datasets=False),
        operator_args={
            "append_env": True,
            "full_refresh": "{{ params.full_refresh }}",
            "install_deps": False,
            "poke_interval": 1,
        },
        default_args=TASK_DEFAULTS | {"doc_md": "One dbt model, or the tests of one: see dbt/models."},
    )
    built = EmptyOperator(task_id="built", outlets=[MARTS], doc_md="Tells whoever waits for the marts.")
    freshness >> models >> built
