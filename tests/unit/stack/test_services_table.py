"""The table of services: complete, in order, without clashes."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from dataflix.settings import Settings
from stack.errors import BadInput
from stack.home import Home
from stack.optional import OPTIONS
from stack.preflight import check_distinct
from stack.service import Service
from stack.services import named, services
from stack.startup import with_needs

Table = dict[str, Service]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return services(Home(Settings(home=tmp_path, port_offset=1000, s3_secret_key=SecretStr("s3cret"))))


@pytest.fixture
def everything(tmp_path: Path) -> Table:
    """What `up --full` runs."""
    return services(Home(Settings(home=tmp_path, port_offset=1000, optional=",".join(OPTIONS))))


def test_it_holds_every_service_of_the_core(table: Table) -> None:
    assert list(table) == ["postgres", "kafka", "clickhouse", "s3", "mlflow", "connect", "worker", "watcher", "api"]


def test_what_is_optional_comes_behind_the_core(table: Table, everything: Table) -> None:
    assert list(everything)[: len(table)] == list(table)
    assert list(everything)[len(table) :] == [
        "airflow-api-server",
        "airflow-scheduler",
        "airflow-dag-processor",
        "airflow-triggerer",
        "superset",
        "docs",
    ]


def test_a_service_needs_only_what_starts_before_it_and_ends_after_it(everything: Table) -> None:
    names = list(everything)
    for service in everything.values():
        for need in service.needs:
            assert names.index(need) < names.index(service.name)
            assert everything[need].tier < service.tier


def test_every_port_of_the_settings_is_some_services_with_the_offset(everything: Table) -> None:
    ports = {setting: port for service in everything.values() for setting, port in service.ports.items()}
    declared = {name for name in Settings.model_fields if name.endswith("_port")}
    assert {name for name in ports if "+" not in name} == declared
    assert all(ports[name] == Settings.model_fields[name].default + 1000 for name in declared)


def test_no_two_services_share_a_port(everything: Table) -> None:
    check_distinct(everything.values())


def test_all_of_it_fits_into_four_gigabytes(table: Table) -> None:
    assert sum(service.memory_mb for service in table.values()) < 4_000


def test_no_credential_is_on_a_command_line_or_in_a_printed_service(tmp_path: Path) -> None:
    secrets = {
        name: SecretStr(f"{name}-value") for name, field in Settings.model_fields.items() if "Secret" in str(field)
    }
    for service in services(Home(Settings(home=tmp_path, optional=",".join(OPTIONS), **secrets))).values():  # type: ignore[arg-type]
        assert "-value" not in " ".join(str(part) for part in service.command)
        assert "-value" not in repr(service)


def test_what_a_service_needs_comes_with_it(table: Table) -> None:
    assert with_needs(["mlflow"], table) == ["postgres", "s3", "mlflow"]
    assert with_needs(["api", "clickhouse"], table) == ["postgres", "kafka", "clickhouse", "s3", "mlflow", "api"]


def test_an_unknown_service_is_refused_with_the_known_ones(table: Table) -> None:
    assert named("api", table) is table["api"]
    with pytest.raises(BadInput, match=r"no service 'wroker': choose from postgres, kafka, .*worker"):
        named("wroker", table)
