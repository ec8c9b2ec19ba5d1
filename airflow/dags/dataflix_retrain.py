"""A new model: data-set snapshot, fit, evaluation, gate, promotion, announcement. Each step is safe to repeat.

Runs when the marts are new and every night. Runs by the clock skip unless a training is due: not soon after the last
one, at least daily, in between when enough has changed. Somebody who starts it by hand gets a training at once.
"""

from datetime import datetime

from airflow.sdk import DAG, Param
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.trigger import CronTriggerTimetable
from dataflix_tasks import MARTS, TASK_DEFAULTS, command

IF_DUE = "{% if dag_run.run_type != 'manual' or params.only_if_due %} --if-due{% endif %}"
CHOICES = (
    "{% if params.n_components %} --n-components {{ params.n_components }}{% endif %}"
    "{% if params.max_iter %} --max-iter {{ params.max_iter }}{% endif %}"
    " --engine {{ params.engine }}"
)
VERSION = "{{ ti.xcom_pull('fit')['version'] }}"

with DAG(
    "dataflix_retrain",
    description="Trains a model, and promotes it when it is better",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("30 3 * * *", timezone="UTC"), assets=[MARTS]),
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - Airflow's own time zone, which is UTC
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    params={
        # Nothing given: what `training fit` takes by itself
        "n_components": Param(None, type=["null", "integer"], minimum=1, description="Factors of each movie"),
        "max_iter": Param(None, type=["null", "integer"], minimum=1, description="Most iterations of the fit"),
        "engine": Param(
            "scikit-learn",
            type="string",
            enum=["scikit-learn", "spark"],
            description="What fits the factors. `bin/dataflix train --engine spark` installs Spark",
        ),
        "only_if_due": Param(False, type="boolean", description="Skip unless a training is due, as by the clock"),
    },
    tags=["dataflix"],
):
    snapshot = command(
        "snapshot", f"training snapshot{IF_DUE}", "Keeps the interactions as they are. Skips when no training is due."
    )
    fit = command(
        "fit",
        f"training fit {{{{ ti.xcom_pull('snapshot')['snapshot'] }}}}{CHOICES} --for '{{{{ run_id }}}}'",
        "Fits a model to the snapshot and registers it as a candidate. Repeated, it finds what it registered.",
    )
    evaluate = command(
        "evaluate",
        f"training evaluate {VERSION}",
        "Measures candidate, popularity and champion on the same held-out interactions.",
    )
    gate = command("gate", f"training gate {VERSION}", "Decides whether the candidate may serve, and keeps the reason.")
    promote = command(
        "promote", f"training promote {VERSION} --if-passed", "Makes it the champion. Skips when the gate said no."
    )
    announce = command("announce", "training announce", "Tells the running servers, which take it up at once.")
    snapshot >> fit >> evaluate >> gate >> promote >> announce
