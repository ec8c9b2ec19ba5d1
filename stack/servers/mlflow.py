"""MLflow's tracking server and registry: records in PostgreSQL, artifacts passed through to the object store.

The ``mlflow server`` command would start this application in a child and wait beside it, which costs memory twice and
leaves the child behind when its parent is killed. It is run directly instead, with the variables that the command sets.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.home import Home

ROLE = "dataflix_mlflow"
DATABASE = "mlflow"
BUCKET = "mlflow"


def command(home: Home) -> Sequence[str | Path]:
    """The command that runs the server."""
    address = home.settings.mlflow
    application = "mlflow.server.fastapi_app:app"
    return (
        home.python, "-m", "uvicorn", application,
        "--host", address.host, "--port", str(address.port),
        "--workers", "1", "--no-access-log", "--log-level", "warning",
    )  # fmt: skip


def environment(home: Home) -> Mapping[str, str]:
    """Where it keeps what; credentials stay off the command line."""
    settings = home.settings
    store = settings.postgres_uri("psycopg", ROLE, settings.postgres_mlflow_password, DATABASE)
    return {
        "_MLFLOW_SERVER_FILE_STORE": store,
        "_MLFLOW_SERVER_REGISTRY_STORE": store,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": f"s3://{BUCKET}",
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_S3_ENDPOINT_URL": settings.s3.url,
        "AWS_ACCESS_KEY_ID": settings.s3_access_key,
        "AWS_SECRET_ACCESS_KEY": settings.s3_secret_key.get_secret_value(),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
