"""The table of services: everything that the stack runs, in one place."""

from collections.abc import Mapping

from dataflix.settings import PROJECT, SETTINGS_FILE
from stack import health
from stack.errors import BadInput
from stack.home import Home
from stack.optional import chosen
from stack.servers import clickhouse, connect, kafka, mlflow, postgres, s3
from stack.service import Service, Tier


def services(home: Home) -> dict[str, Service]:
    """Every service of ``home`` by name, in the order of starting; the core, and what it was told to add."""
    settings = home.settings
    place = postgres.placement(home)
    locks = PROJECT / "requirements"
    packages = locks / "app.lock"
    kernel = PROJECT / "dataflix"
    takes_connectors = health.http(settings.connect, "/health")
    told = (home.folder / SETTINGS_FILE, home.secrets_file)
    table = [
        Service(
            name="postgres",
            summary="PostgreSQL 18, the source of all changes",
            tier=Tier.DATABASE,
            command=(place.programs / "postgres", "-D", place.data),
            address=settings.postgres,
            url=f"postgresql://{settings.postgres}/{settings.postgres_database}",
            ports={"postgres_port": settings.postgres.port},
            check=health.postgres(settings),
            folder=place.data.parent,
            environment={"LC_ALL": "C", "TZ": "UTC"},
            prepare=lambda: postgres.prepare(home),
            user=place.user,
            # Fast shutdown: sessions are ended, what they committed stays
            stop_signal="INT",
            stop_seconds=30,
            memory_mb=150,
            reads=(place.data / postgres.CONFIGURATION, place.data / postgres.ACCESS, packages),
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
            folder=kafka.SERVER.folder(home),
            prepare=lambda: kafka.prepare(home),
            stop_seconds=60,
            start_seconds=90,
            memory_mb=400,
            reads=(kafka.configuration(home), kafka.SERVER.options(home), locks / "jars" / "kafka.lock", packages),
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
            memory_mb=400,
            reads=(*clickhouse.configuration(home), packages),
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
            memory_mb=250,
            reads=(home.folder / "s3" / "s3.json", packages),
            scratch=s3.sockets(home),
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
            # Answered from its database
            check=health.http(settings.mlflow, "/api/2.0/mlflow/experiments/get?experiment_id=0"),
            ready=health.http(settings.mlflow, "/health"),
            folder=PROJECT,
            environment=mlflow.environment(home),
            start_seconds=120,
            memory_mb=400,
            reads=(packages,),
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
            check=health.connector(settings.connect, settings.connector) if home.state().loaded else takes_connectors,
            ready=takes_connectors,
            folder=connect.SERVER.folder(home),
            environment=connect.environment(home),
            prepare=lambda: connect.prepare(home),
            start_seconds=90,
            stop_seconds=60,
            memory_mb=350,
            reads=(connect.configuration(home), connect.SERVER.options(home), locks / "jars", packages),
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
            # With a name, the next one takes its partitions at once, instead of after the session of one that died
            environment={"DATAFLIX_WORKER_INSTANCE_ID": settings.worker_instance_id or "worker"},
            stop_seconds=20,
            memory_mb=250,
            reads=(settings.contracts, PROJECT / "stream_processors", kernel, *told, packages),
        ),
        Service(
            name="watcher",
            summary="Watcher: slot, connector, lag",
            tier=Tier.APPLICATION,
            needs=("postgres", "kafka", "connect"),
            command=(home.python, "-m", "connectors", "watch"),
            address=settings.watcher,
            url=settings.watcher.url,
            ports={"watcher_port": settings.watcher.port},
            # Alive: what it finds wrong is another's fault
            check=health.http(settings.watcher, "/health"),
            folder=PROJECT,
            memory_mb=80,
            reads=(settings.contracts, PROJECT / "connectors", kernel, *told, packages),
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
            stop_seconds=20,
            memory_mb=250 * settings.api_processes,
            yields=False,
            reads=(settings.contracts, PROJECT / "api", kernel, *told, packages),
        ),
    ]
    optional = (service for option in chosen(settings) for service in option.services(home))
    return {service.name: service for service in (*table, *optional)}


def named(name: str, table: Mapping[str, Service]) -> Service:
    """The service that a person calls ``name``. Raises BadInput."""
    if name not in table:
        raise BadInput(f"There is no service {name!r}: choose from {', '.join(table)}.")
    return table[name]
