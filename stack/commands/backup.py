"""``bin/dataflix backup``."""

from datetime import UTC, datetime, timedelta

from stack.backups import expire, take
from stack.home import open_home
from stack.progress import Steps


def backup() -> None:
    """Copy the catalogues (MLflow, Airflow, Superset, the stream's own tables) to the home; remove copies too old.

    People's rows are not in it: a copy of them would outlive their erasure.
    """
    home = open_home()
    now = datetime.now(UTC)
    steps = Steps()
    with steps.shown():
        for path in take(home, now):
            steps.say(f"  {path} ({path.stat().st_size:,} bytes)")
        for path in expire(home, now - timedelta(days=home.settings.backup_retention_days)):
            steps.say(f"  {path.name} was too old and is removed")
