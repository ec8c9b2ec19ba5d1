"""Where the pipeline keeps its own history for dashboards: two tables of ClickHouse. No row tells of a person."""

from typing import Final

DATABASE: Final = "pipeline"
READINGS: Final = f"{DATABASE}.readings"
"""What the watcher read, and when. Kept for some days."""
READING_COLUMNS: Final = ("at", "metric", "subject", "value")
MEASUREMENTS: Final = f"{DATABASE}.measurements"
"""What was measured on a version of the model."""
MEASUREMENT_COLUMNS: Final = ("version", "metric", "value")
