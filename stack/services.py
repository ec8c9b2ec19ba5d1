"""The table of services: everything that the stack runs, in one place."""

from dataflix.settings import PROJECT
from stack import health
from stack.home import Home
from stack.service import Service, Tier
from stack.servers import clickhouse, connect, kafka, mlflow, postgres, s3


def services(home: Home) -> dict[str, Service]:
    """Every service of ``home`` by name, in the order of starting."""
    settings = home.settings
    placement = postgres.place(home)
    table = [
        Service(
            name="postgres",
            summary="PostgreSQL 18, the source of all changes",
            tier=Tier.DATABASE,
            command=(placement.programs / "postgres", "-D", placement.data),
            address=settings.postgres,
            url=f"postgresql://{settings.postgres}/{settings.postgres_database}",
            ports={"postgres_port": settings.postgres.port},
            check=health.postgres(settings),
            folder=placement.data.parent,
            environment={"LC_ALL": "C", "TZ": "UTC"},
            prepare=lambda: postgres.prepare(home),
            user=placement.user,
            # Fast shutdown: sessions are ended, what they committed stays
            stop_signal="INT",
            stop_seconds=30,
        ),
        Service(
            name="kafka",
            summary="Kafka broker, KRaft",
            tier=Tier.STORE,
            command=kafka.command(home),
            address=settings.kafka,
            url=str(settings.kafka),
            ports={"kafka_port": settings.kafka.port, "kafka_controller_port": settings.kafka_controller.port},
            check=health.kafka(settings.kafka),
            folder=home.folder / "kafka",
            prepare=lambda: kafka.prepare(home),
            stop_seconds=30,
            start_seconds=90,
        ),
        Service(
            name="clickhouse",
            summary="ClickHouse, raw tables and marts",
            tier=Tier.STORE,
            command=clickhouse.command(home),
            address=settings.clickhouse,
            url=settings.clickhouse.url,
            ports={
                "clickhouse_port": settings.clickhouse.port,
                "clickhouse_native_port": settings.clickhouse_native.port,
            },
            check=health.http(settings.clickhouse, "/ping"),
            folder=home.folder / "clickhouse",
            prepare=lambda: clickhouse.prepare(home),
        ),
        Service(
            name="s3",
            summary="SeaweedFS, the object store of the models",
            tier=Tier.STORE,
            command=s3.command(home),
            address=settings.s3,
            url=settings.s3.url,
            ports=s3.ports(home),
            check=health.s3(settings),
            folder=home.folder / "s3",
            environment=s3.environment(home),
            prepare=lambda: s3.prepare(home),
        ),
        Service(
            name="mlflow",
            summary="MLflow, experiments and the model registry",
            tier=Tier.PIPELINE,
            needs=("postgres", "s3"),
            command=mlflow.command(home),
            address=settings.mlflow,
            url=settings.mlflow.url,
            ports={"mlflow_port": settings.mlflow.port},
            check=health.http(settings.mlflow, "/health"),
            folder=PROJECT,
            environment=mlflow.environment(home),
            start_seconds=120,
        ),
        Service(
            name="connect",
            summary="Kafka Connect with Debezium",
            tier=Tier.PIPELINE,
            needs=("postgres", "kafka"),
            command=connect.command(home),
            address=settings.connect,
            url=settings.connect.url,
            ports={"connect_port": settings.connect.port},
            check=health.connect(settings.connect, connect.CONNECTOR, registered=home.state().loaded),
            folder=home.folder / "connect",
            environment=connect.environment(home),
            prepare=lambda: connect.prepare(home),
            start_seconds=90,
        ),
        Service(
            name="worker",
            summary="Faust worker: contract, mask, version",
            tier=Tier.APPLICATION,
            needs=("kafka", "clickhouse"),
            command=(home.python, "-m", "stream_processors"),
            address=settings.worker,
            url=settings.worker.url,
            ports={"worker_port": settings.worker.port},
            check=health.http(settings.worker, "/health"),
            folder=PROJECT,
            stop_seconds=20,
        ),
        Service(
            name="api",
            summary="REST API and recommendations",
            tier=Tier.APPLICATION,
            needs=("postgres", "kafka", "mlflow"),
            command=(home.python, "-m", "api"),
            address=settings.api,
            url=settings.api.url,
            ports={"api_port": settings.api.port},
            check=health.http(settings.api, "/health"),
            folder=PROJECT,
        ),
    ]
    return {service.name: service for service in table}
