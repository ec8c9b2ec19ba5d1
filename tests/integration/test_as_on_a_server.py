"""As on a server: encrypted, with passwords, secrets out of files, and more than one of each program."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import httpx
import pytest
import sqlalchemy
from aiohttp.test_utils import unused_port
from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient
from running_worker import Worker, running
from screenings import patiently
from secured_stack import PARTITIONS, Secured, secured_stack

from dataflix.contracts import load_contracts
from dataflix.kafka_access import librdkafka
from dataflix.settings import PROJECT, WORKER_GROUP
from tests.ports import port_offset

# No two ports of a stack are so far apart, nor is half of what lies between two stacks of a test run
BESIDE_THE_SHARED_STACK = 110
WORKERS = 3
PEOPLE = 24  # who sign up and rate, one half before a worker dies and one half after


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    home = Path(tempfile.mkdtemp(prefix="secured-", dir=os.environ.get("DATAFLIX_TEST_HOMES")))
    home.chmod(0o755)  # started by root, PostgreSQL runs as another user, who must reach its data
    with secured_stack(home, tmp_path_factory.mktemp("secured"), port_offset(12_000) + BESIDE_THE_SHARED_STACK) as made:
        yield made


@contextmanager
def serving(secured: Secured, log: Path) -> Iterator[httpx.Client]:
    """An API process, and who asks it."""
    port = unused_port()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "api"],
            cwd=PROJECT,
            env=secured.environment | {"DATAFLIX_API_PORT": str(port - secured.settings.port_offset)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:

            @patiently(120)
            def answers() -> None:
                assert process.poll() is None, log.read_text()
                try:
                    assert client.get("/movies").status_code == 200
                except httpx.TransportError as error:
                    raise AssertionError(str(error)) from error

            answers()
            yield client
    finally:
        process.terminate()
        process.wait(60)


def shares(admin: AdminClient) -> list[int]:
    """How many partitions each worker reads; none while they are being shared out."""
    group = admin.describe_consumer_groups([WORKER_GROUP], request_timeout=60)[WORKER_GROUP].result(60)
    if group.state != ConsumerGroupState.STABLE:
        return []
    return [len(member.assignment.topic_partitions) for member in group.members]


def sign_up_and_rate(apis: list[httpx.Client], number: int) -> int:
    """At one process after another; the new person."""
    name = f"somebody{number}"
    made = apis[number % len(apis)].post("/users", json={"username": name, "email": f"{name}@example.net"})
    assert made.status_code == 201, made.text
    person = int(made.json()["user_id"])
    for movie in (1, 2, 3):
        rating = {"user_id": person, "movie_id": movie, "rating": 4.5}
        answer = apis[(number + movie) % len(apis)].post("/ratings", json=rating)
        assert answer.is_success, answer.text
    return person


def recommended(api: httpx.Client, person: int) -> set[int]:
    answer = api.get(f"/recommendations/{person}", params={"limit": 50})
    assert answer.status_code == 200, answer.text
    return {entry["movie_id"] for entry in answer.json()["recommendations"]}


@pytest.mark.timeout(600)
def test_a_worker_that_dies_among_three_costs_nothing(secured: Secured, tmp_path: Path) -> None:
    partitions = PARTITIONS * len(list(load_contracts(secured.settings.contracts)))
    admin = AdminClient(librdkafka(secured.settings.kafka) | {"log_level": 0})
    workers = [Worker(secured, tmp_path / f"worker-{number}.log") for number in range(WORKERS)]

    @patiently(180)
    def shared_out(among: int) -> None:
        found = shares(admin)
        assert len(found) == among
        assert sum(found) == partitions
        assert min(found) > 0

    with (
        running(workers),
        serving(secured, tmp_path / "api-0.log") as first,
        serving(secured, tmp_path / "api-1.log") as second,
    ):
        shared_out(WORKERS)
        apis = [first, second]
        for number in range(PEOPLE // 2):
            sign_up_and_rate(apis, number)
        workers[0].kill()
        killed = monotonic()
        for number in range(PEOPLE // 2, PEOPLE):
            person = sign_up_and_rate(apis, number)
        shared_out(WORKERS - 1)
        print(f"{partitions} partitions were with the others {monotonic() - killed:.1f} s after the kill")
        secured.must_run("clickhouse", "verify", "--wait", "120")

        @patiently()
        def everybody_knows() -> None:
            for api in apis:
                assert recommended(api, person)
                assert not recommended(api, person) & {1, 2, 3}

        everybody_knows()


def test_the_programs_that_bring_clients_of_their_own_get_in(secured: Secured) -> None:
    settings = secured.settings
    owners = {"mlflow": settings.postgres_mlflow_password, "airflow": settings.postgres_airflow_password}
    for name, password in owners.items():
        engine = sqlalchemy.create_engine(settings.postgres_uri("psycopg", f"dataflix_{name}", password, name))
        with engine.connect() as connection:
            assert connection.execute(sqlalchemy.text("select 1")).scalar() == 1
        engine.dispose()
    assert "All checks passed" in secured.must_run("stack", "dbt", "debug", "--connection")


@pytest.mark.parametrize(
    ("command", "told", "sentence"),
    [
        ("connectors register", {"kafka_sasl_password": "another"}, "refuses the password of dataflix"),
        ("connectors register", {"kafka_ca_file": "OTHER"}, "Kafka at {kafka} shows a certificate"),
        ("connectors migrate", {"postgres_ca_file": "OTHER"}, "PostgreSQL at {postgres} shows a certificate"),
        ("connectors migrate", {"postgres_port": 5432}, "does not encrypt, and DATAFLIX_POSTGRES_SSLMODE is verify"),
        ("clickhouse apply", {"clickhouse_ca_file": "OTHER"}, "ClickHouse at {clickhouse} shows a certificate"),
        ("clickhouse apply", {"clickhouse_port": 8123}, "does not encrypt, and DATAFLIX_CLICKHOUSE_SECURE asks for it"),
    ],
)
def test_who_may_not_get_in_is_told_why(
    secured: Secured, command: str, told: Mapping[str, object], sentence: str
) -> None:
    settings = secured.settings
    named = {name: secured.other_authority if value == "OTHER" else value for name, value in told.items()}
    done = secured.run(*command.split(), **named)
    assert done.returncode in {1, 2}
    said = " ".join(done.stderr.split())
    assert sentence.format(kafka=settings.kafka, postgres=settings.postgres, clickhouse=settings.clickhouse) in said
    assert "Traceback" not in done.stderr
    assert settings.kafka_sasl_password.get_secret_value() not in done.stderr
