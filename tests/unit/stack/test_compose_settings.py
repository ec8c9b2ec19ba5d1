"""What runs in a container runs with the settings of the embedded stack."""

import json
import re
from pathlib import Path

import pytest
from compose_file import BY_HAND, DOCKERFILE, FULL, GATEWAYS, SERVICES, STEPS, STEPS_OF_FULL, environment

from dataflix.settings import PROJECT, Settings
from stack import airflow_part
from stack.containers import configurations
from stack.home import PREFIX, Home, generated_secrets
from stack.optional import OPTIONS
from stack.servers import airflow, kafka, mlflow, postgres, superset
from stack.services import services

OPTIONS_ON_CONTAINERS = frozenset({"airflow", "superset"})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = generated_secrets({})
    named = {name.removeprefix(PREFIX).lower(): value for name, value in made.items()}
    return Home(Settings(home=tmp_path, optional=",".join(sorted(OPTIONS_ON_CONTAINERS)), **named))  # type: ignore[arg-type]


def test_every_service_of_the_embedded_stack_runs_in_a_container_of_its_name(home: Home) -> None:
    assert set(services(home)) == SERVICES.keys() - STEPS - BY_HAND - GATEWAYS


def test_what_is_optional_in_the_embedded_stack_is_the_profile_full(home: Home) -> None:
    optional = {service.name for name in OPTIONS_ON_CONTAINERS for service in OPTIONS[name].services(home)}
    assert optional | STEPS_OF_FULL | {"gateway-full"} == FULL
    core = SERVICES.keys() - FULL
    assert all(SERVICES[name].get("depends_on", {}).keys() <= core for name in core)


def test_postgresql_runs_with_the_settings_of_the_embedded_one() -> None:
    embedded = dict(re.findall(r"^(\w+) = '?(.*?)'?$", postgres._CONFIGURATION, re.MULTILINE))
    of_the_machine = {"listen_addresses", "port", "unix_socket_directories"}
    given = dict(part.removeprefix("-c").split("=", 1) for part in SERVICES["postgres"]["command"][1:])
    assert {name: value.strip() for name, value in given.items()} == {
        name: value.strip() for name, value in embedded.items() if name not in of_the_machine
    }
    assert environment("postgres")["POSTGRES_USER"] == postgres.ADMIN


def test_kafka_runs_with_the_settings_of_the_embedded_one() -> None:
    properties = kafka._PROPERTIES.replace("{protocol}", "PLAINTEXT")
    embedded = dict(re.findall(r"^([a-z.]+)=(.*)$", properties, re.MULTILINE))
    bounds = {"message.max.bytes", "replica.fetch.max.bytes"}
    addresses = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
    given = environment("kafka")
    for name, value in embedded.items():
        kept = given["KAFKA_" + name.upper().replace(".", "_")]
        assert name in addresses or kept == (str(kafka.MESSAGE_BYTES) if name in bounds else value), name


def test_mlflow_runs_with_the_settings_of_the_embedded_one(home: Home) -> None:
    embedded, given = mlflow.environment(home), environment("mlflow")
    assert embedded.keys() <= given.keys()
    secrets_and_addresses = ("STORE", "URL", "KEY", "KEY_ID")
    for name, value in embedded.items():
        assert name.endswith(secrets_and_addresses) or given[name] == value, name


def test_superset_runs_with_the_settings_of_the_embedded_one(home: Home) -> None:
    [stage] = re.findall(r"^FROM base AS superset\n(.*?)(?=^FROM)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    image = dict(re.findall(r"(\w+)=(\S*)", stage))
    given = image | environment("superset")
    embedded = superset.environment(home)
    of_the_place = {"SUPERSET_CONFIG_PATH", "SUPERSET_HOME", "SUPERSET_DATABASE_URI", "SUPERSET_SECRET_KEY"}
    assert embedded.keys() <= given.keys()
    assert {name: given[name] for name in embedded.keys() - of_the_place} == {
        name: value for name, value in embedded.items() if name not in of_the_place
    }
    [started] = re.findall(r"^CMD (\[.*\])$", stage.replace("\\\n", ""), re.MULTILINE)
    program, *options = json.loads(started)[1:]
    assert (program, options[:2]) == ("gunicorn", ["--bind", "0.0.0.0:8088"])
    assert options[2:] == [str(part) for part in superset.command(home)][3:]
    assert set(environment("superset")) < set(environment("superset-prepare"))


def test_each_part_of_airflow_is_started_as_in_the_embedded_stack(home: Home) -> None:
    parts = OPTIONS["airflow"].services(home)
    assert len(parts) == 4
    for part in parts:
        module, *arguments = SERVICES[part.name]["command"][1:]
        assert module == airflow_part.__name__
        assert arguments == [str(word) for word in part.command[1:]]


def test_a_part_of_airflow_has_the_configuration_of_the_embedded_one_and_what_it_is_given_wins(home: Home) -> None:
    given = {"PATH": "/bin", "AIRFLOW__API__HOST": "0.0.0.0", "PYTHONPATH": "/opt/dataflix"}  # noqa: S104
    made = airflow_part.environment(home, given)
    embedded = airflow.environment(home)
    assert {name for name, value in embedded.items() if made[name] != value} == {"AIRFLOW__API__HOST"}
    assert made["AIRFLOW__API__HOST"] == given["AIRFLOW__API__HOST"]
    assert made["PATH"] == given["PATH"]


def test_a_part_of_airflow_with_unusable_settings_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATAFLIX_TASK_RETRIES", "many")
    assert airflow_part.main(["scheduler"]) == 2
    assert "DATAFLIX_TASK_RETRIES" in capsys.readouterr().err


def test_an_erasure_runs_where_trainings_can_be_asked() -> None:
    [stage] = re.findall(r"^FROM base AS training\n(.*?)(?=^FROM)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert SERVICES["forget"]["build"]["target"] == "training"
    assert {"COPY clickhouse clickhouse", "COPY training training", "COPY contracts contracts"} <= set(
        stage.splitlines()
    )


def test_every_user_of_clickhouse_is_given_its_password() -> None:
    users = dict(configurations())[PROJECT / "docker" / "clickhouse" / "users.xml"]
    assert "password_sha256_hex" not in users
    asked = set(re.findall(r'from_env="(\w+)"', users))
    assert asked
    assert asked == {name for name in environment("clickhouse") if name.startswith(PREFIX)}


@pytest.mark.parametrize(("path", "text"), list(configurations()), ids=lambda value: getattr(value, "name", ""))
def test_what_clickhouse_reads_is_what_the_settings_render(path: Path, text: str) -> None:
    assert path.read_text() == text, "`bin/dataflix env` writes it again"
