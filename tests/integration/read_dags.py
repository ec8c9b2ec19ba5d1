"""Run by Airflow's own Python: reads the DAGs as Airflow does, and prints what it finds as JSON."""

import json

from airflow.dag_processing.dagbag import DagBag

bag = DagBag()
found = {
    dag.dag_id: {
        "doc": bool(dag.doc_md),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "params": {name: dag.params.get_param(name).schema for name in sorted(dag.params)},
        "timetable": type(dag.timetable).__name__,
        "tasks": {
            task.task_id: {
                "owner": task.owner,
                "retries": task.retries,
                "backs_off": bool(task.retry_exponential_backoff),
                "timeout_s": task.execution_timeout.total_seconds() if task.execution_timeout else None,
                "doc": bool(task.doc_md or task.doc),
                "tells_failure": bool(task.on_failure_callback),
                "before": sorted(task.upstream_task_ids),
            }
            for task in dag.tasks
        },
    }
    for dag in bag.dags.values()
}
print(json.dumps({"errors": {str(path): str(error) for path, error in bag.import_errors.items()}, "dags": found}))
