"""What MLflow and matplotlib read from the environment when they are imported: settled before that."""

import logging
import os
from pathlib import Path

_SETTLED = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    # its own choice, 7 and 2, waits for minutes on a server that is away
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "GIT_PYTHON_REFRESH": "quiet",
}


def settle_mlflow(home: Path) -> None:
    """Make MLflow quiet, and quick to give up; let matplotlib keep what it knows of fonts below ``home``.

    What the environment already says stays.
    """
    for name, value in (_SETTLED | {"MPLCONFIGDIR": str(home / "matplotlib")}).items():
        os.environ.setdefault(name, value)
    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.ERROR)
