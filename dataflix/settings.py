"""Every setting of Dataflix: read once per program, from the environment over the files of ``DATAFLIX_HOME``.

A setting ``x_y`` is the environment variable ``DATAFLIX_X_Y``. ``settings.env`` in the home holds what `up` was
told (the port offset), ``secrets.env`` (mode 0600) the generated credentials. Ports stand here and nowhere else.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlencode

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from dataflix.errors import SettingsError

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS_FILE = "settings.env"
SECRETS_FILE = "secrets.env"
MAX_PORT = 65_535
KafkaProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
ScramMechanism = Literal["SCRAM-SHA-256", "SCRAM-SHA-512"]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)]
SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]
WORKER_GROUP = "dataflix-worker"  # consumer group of the workers: what it has committed is in raw and in masked.*


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address as an ``http://`` URL."""
        return f"http://{self}"


@dataclass(frozen=True, slots=True)
class KafkaBroker(Address):
    """Where Kafka is, and how it wants to be spoken to (dataflix/kafka_access.py makes clients' settings of it)."""

    protocol: KafkaProtocol = "PLAINTEXT"
    ca_file: Path | None = None
    mechanism: ScramMechanism = "SCRAM-SHA-512"
    username: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))


class Settings(BaseSettings):
    """Addresses, credentials and choices. Frozen: a program that needs another value starts with another value."""

    model_config = SettingsConfigDict(env_prefix="DATAFLIX_", frozen=True, extra="ignore")

    home: Path = Field(default=PROJECT / ".dataflix", description="State of one running stack")
    runtime: Path | None = Field(default=None, description="Environments and jars; <home>/runtime unless set")
    connector: str = Field(
        default="dataflix",
        pattern="^[a-z0-9_]{1,63}$",
        description="Name of the connector and of its replication slot, one for each source database",
    )
    secrets: Path | None = Field(
        default=None, description="Folder with a file for each secret, named as its variable, such as /run/secrets"
    )
    contracts: Path = Field(default=PROJECT / "contracts", description="Folder of the table contracts")
    migrations: str = Field(default="", description="Further folders of source migrations, separated by ':'")
    optional: str = Field(default="", description="What `up --with` added to the core, separated by ','")
    port_offset: int = Field(default=0, ge=0, le=50_000, description="Added to every port below")

    postgres_host: str = "127.0.0.1"
    postgres_port: int = 5432
    postgres_database: str = "dataflix"
    kafka_host: str = "127.0.0.1"
    kafka_port: int = 9092
    kafka_controller_port: int = 9093
    connect_host: str = "127.0.0.1"
    connect_port: int = 8083
    clickhouse_host: str = "127.0.0.1"
    clickhouse_port: int = 8123
    clickhouse_native_port: int = 9000
    api_host: str = "127.0.0.1"
    api_port: int = 5002
    mlflow_host: str = "127.0.0.1"
    mlflow_port: int = 5003
    s3_host: str = "127.0.0.1"
    s3_port: int = 9002
    s3_master_port: int = 9102
    s3_volume_port: int = 9103
    s3_filer_port: int = 9104
    s3_admin_port: int = 9105
    worker_host: str = "127.0.0.1"
    worker_port: int = Field(default=5004, description="Metrics and health of the Faust worker")
    watcher_host: str = "127.0.0.1"
    watcher_port: int = Field(default=5005, description="Findings, metrics and health of the watcher")

    airflow_host: str = "127.0.0.1"
    airflow_port: int = Field(default=8080, description="Airflow's web page and REST API, where it was asked for")

    superset_host: str = "127.0.0.1"
    superset_port: int = Field(default=8088, description="Superset's dashboards and REST API, where it was asked for")

    docs_host: str = "127.0.0.1"
    docs_port: int = Field(default=5001, description="dbt's documentation of the marts, where it was asked for")

    # Encryption and identity, where a server asks for them (docs/security.md)
    postgres_sslmode: SslMode = Field(default="prefer", description="As libpq's sslmode; verify-full checks all")
    postgres_ca_file: Path | None = Field(default=None, description="Who signed PostgreSQL's certificate, PEM")
    kafka_security_protocol: KafkaProtocol = "PLAINTEXT"
    kafka_ca_file: Path | None = Field(default=None, description="Who signed Kafka's certificate, PEM")
    kafka_sasl_mechanism: ScramMechanism = "SCRAM-SHA-512"
    kafka_sasl_username: str = Field(default="dataflix", pattern="^[A-Za-z0-9_.-]+$")
    kafka_sasl_password: SecretStr = SecretStr("")
    kafka_keystore_file: Path | None = Field(
        default=None, description="What the embedded broker shows: its certificates and their PKCS#8 key, PEM"
    )
    clickhouse_secure: bool = Field(default=False, description="Speak HTTPS to ClickHouse")
    clickhouse_ca_file: Path | None = Field(default=None, description="Who signed ClickHouse's certificate, PEM")

    # Credentials: generated by `up` into secrets.env. Each program has a role of its own.
    postgres_admin_password: SecretStr = SecretStr("")
    postgres_api_password: SecretStr = SecretStr("")
    postgres_debezium_password: SecretStr = SecretStr("")
    postgres_verifier_password: SecretStr = SecretStr("")
    postgres_mlflow_password: SecretStr = SecretStr("")
    postgres_eraser_password: SecretStr = SecretStr("")
    postgres_watcher_password: SecretStr = SecretStr("")
    postgres_airflow_password: SecretStr = SecretStr("")
    postgres_superset_password: SecretStr = SecretStr("")
    clickhouse_admin_password: SecretStr = SecretStr("")
    clickhouse_worker_password: SecretStr = SecretStr("")
    clickhouse_dbt_password: SecretStr = SecretStr("")
    clickhouse_training_password: SecretStr = SecretStr("")
    clickhouse_verifier_password: SecretStr = SecretStr("")
    clickhouse_eraser_password: SecretStr = SecretStr("")
    clickhouse_watcher_password: SecretStr = SecretStr("")
    clickhouse_superset_password: SecretStr = SecretStr("")
    clickhouse_api_password: SecretStr = SecretStr("")
    s3_access_key: str = "dataflix"
    s3_secret_key: SecretStr = SecretStr("")
    s3_signing_key: SecretStr = SecretStr("")
    airflow_admin_password: SecretStr = SecretStr("")
    airflow_jwt_secret_key: SecretStr = SecretStr("")
    airflow_fernet_secret_key: SecretStr = SecretStr("")
    superset_admin_password: SecretStr = SecretStr("")
    superset_session_secret_key: SecretStr = SecretStr("")

    masking_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key of the HMAC over e-mails and user names; empty is a plain hash, for demos",
    )
    topic_partitions: int = Field(default=4, ge=1, description="Partitions of a table's topics, fixed once made")
    private_retention_days: int = Field(default=7, ge=1, description="How long the private topics keep a change")
    dead_letter_retention_days: int = Field(default=30, ge=1, description="How long a dead letter is kept")
    dead_letter_limit: int = Field(
        default=1000, ge=1, description="Dead letters of a table in a row that stop the worker: an outage, not bad data"
    )
    worker_instance_id: str = Field(
        default="", description="Name of a fixed worker in the consumer group, so that its restart moves no partition"
    )
    snapshot_retention_days: int = Field(default=7, ge=1, description="How long a data set of a training is kept")
    spark_master: str = Field(default="local[*]", description="Where `train --engine spark` runs, as Spark reads it")
    spark_memory: str = Field(
        default="2g",
        pattern="^[0-9]+[kmgt]$",
        description="Of that training's Java, which in local mode is all of Spark",
    )
    retrain_changes: int = Field(default=20, ge=1, description="Changed interactions that are worth a training")
    retrain_minutes: int = Field(default=60, ge=0, description="Least minutes from one training to the next by itself")
    api_processes: int = Field(default=1, ge=1, le=64, description="Processes of the API behind its one port")
    api_requests_per_second: float = Field(default=100, gt=0, description="For each token; twice as many in a burst")
    api_concurrent_requests: int = Field(default=256, ge=1, description="More at once are refused with 503")
    api_request_seconds: float = Field(default=10, gt=0, description="An answer that takes longer is given up with 503")
    api_idempotency_hours: int = Field(
        default=24, ge=1, description="How long the answer to a write with an idempotency key is kept"
    )
    api_token: SecretStr = Field(
        default=SecretStr(""),
        description="A token of the scope admin beside those of `token create`, for a first start",
    )
    api_cors_origins: str = Field(
        default="", description="Origins whose pages may use the API, separated by ','; none unless set"
    )
    transform_minutes: int = Field(default=15, ge=1, le=59, description="Minutes between two runs of the marts")
    task_retries: int = Field(default=2, ge=0, description="How often a task of Airflow is tried again")
    task_retry_seconds: int = Field(default=10, ge=1, description="Pause before a first retry; the next are longer")
    backup_retention_days: int = Field(default=7, ge=1, description="How long a backup of the catalogues is kept")
    webhook_url: str = Field(default="", description="Where a failed task of Airflow is posted to, as JSON")
    recover: bool = Field(
        default=True, description="Read everything again by itself when the replication slot has lost changes"
    )
    log_level: LogLevel = "INFO"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the order of the sources does not depend on it
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What comes first wins: a secret's file over what `up` generated."""
        return init_settings, env_settings, file_secret_settings, dotenv_settings

    def _address(self, host: str, port: int) -> Address:
        return Address(host, port + self.port_offset)

    @property
    def runtime_folder(self) -> Path:
        return self.runtime or self.home / "runtime"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def postgres(self) -> Address:
        return self._address(self.postgres_host, self.postgres_port)

    @property
    def kafka(self) -> KafkaBroker:
        return KafkaBroker(
            self.kafka_host,
            self.kafka_port + self.port_offset,
            self.kafka_security_protocol,
            self.kafka_ca_file,
            self.kafka_sasl_mechanism,
            self.kafka_sasl_username,
            self.kafka_sasl_password,
        )

    @property
    def kafka_controller(self) -> Address:
        return self._address(self.kafka_host, self.kafka_controller_port)

    @property
    def connect(self) -> Address:
        return self._address(self.connect_host, self.connect_port)

    @property
    def clickhouse(self) -> Address:
        return self._address(self.clickhouse_host, self.clickhouse_port)

    @property
    def clickhouse_native(self) -> Address:
        return self._address(self.clickhouse_host, self.clickhouse_native_port)

    @property
    def api(self) -> Address:
        return self._address(self.api_host, self.api_port)

    @property
    def mlflow(self) -> Address:
        return self._address(self.mlflow_host, self.mlflow_port)

    @property
    def airflow(self) -> Address:
        return self._address(self.airflow_host, self.airflow_port)

    @property
    def docs(self) -> Address:
        return self._address(self.docs_host, self.docs_port)

    @property
    def superset(self) -> Address:
        return self._address(self.superset_host, self.superset_port)

    @property
    def s3(self) -> Address:
        return self._address(self.s3_host, self.s3_port)

    @property
    def worker(self) -> Address:
        return self._address(self.worker_host, self.worker_port)

    @property
    def watcher(self) -> Address:
        return self._address(self.watcher_host, self.watcher_port)

    def postgres_conninfo(self, role: str, password: SecretStr, database: str | None = None) -> str:
        """A libpq connection string for ``role``."""
        security = "".join(f" {name}='{value}'" for name, value in self.postgres_security.items())
        return (
            f"host={self.postgres.host} port={self.postgres.port} dbname={database or self.postgres_database} "
            f"user={role} password={password.get_secret_value()} application_name=dataflix{security}"
        )

    def postgres_uri(self, driver: str, role: str, password: SecretStr, database: str) -> str:
        """The same for SQLAlchemy, with ``driver`` (psycopg, psycopg2)."""
        secret = quote(password.get_secret_value(), safe="")
        return f"postgresql+{driver}://{role}:{secret}@{self.postgres}/{database}?{urlencode(self.postgres_security)}"

    @property
    def postgres_security(self) -> dict[str, str]:
        """What libpq, by these names, is told of encryption."""
        told = {"sslmode": str(self.postgres_sslmode)}
        return told | ({"sslrootcert": str(self.postgres_ca_file)} if self.postgres_ca_file else {})


def load_settings() -> Settings:
    """Read the settings of the home that ``DATAFLIX_HOME`` names (default ``.dataflix`` in the project).

    Raises SettingsError when a value is malformed, the folder of secrets is missing or a port leaves the range of TCP.
    """
    home = Path(os.environ.get("DATAFLIX_HOME") or PROJECT / ".dataflix").expanduser().resolve()
    files = (home / SETTINGS_FILE, home / SECRETS_FILE)
    try:
        settings = Settings(_env_file=files, home=home)
        if settings.secrets:
            if not settings.secrets.is_dir():
                raise SettingsError(f"DATAFLIX_SECRETS names {settings.secrets}, which is no folder: correct it.")
            settings = Settings(_env_file=files, home=home, _secrets_dir=settings.secrets)
    except ValidationError as error:
        first = error.errors()[0]
        name = "DATAFLIX_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"The setting {name} is not usable: {first['msg']}. Correct it and start again.") from None
    for name in type(settings).model_fields:
        if name.endswith("_port") and not 0 < getattr(settings, name) + settings.port_offset <= MAX_PORT:
            raise SettingsError(
                f"DATAFLIX_{name.upper()} plus the port offset {settings.port_offset} leaves 1 to {MAX_PORT}: "
                "choose a smaller --port-offset."
            )
    return settings
