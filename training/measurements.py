"""What was measured on a version, where dashboards find it. MLflow has it too, and is where it comes from."""

from collections.abc import Mapping

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from dataflix.clickhouse_client import ClickHouseUser, refusal
from dataflix.pipeline_history import MEASUREMENT_COLUMNS, MEASUREMENTS
from dataflix.settings import Settings


def keep_measurements(client: Client, settings: Settings, version: int, metrics: Mapping[str, float]) -> None:
    """Keep ``metrics``; of one that was kept before, the newest value counts. Raises SourceUnavailable."""
    rows = [(version, name, value) for name, value in metrics.items()]
    try:
        client.insert(MEASUREMENTS, rows, column_names=MEASUREMENT_COLUMNS)
    except DatabaseError as error:
        raise refusal(settings, ClickHouseUser.TRAINING, error) from None
